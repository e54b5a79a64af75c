import { beforeEach, expect, test } from 'vitest';
import { belfry } from '../../../support/command-line.ts';
import { sampleDeadLetter } from '../../../support/delivery.ts';
import { type OpenedListener, openTestListener } from '../../../support/listener.ts';

let to: OpenedListener;

beforeEach(async () => {
  to = await openTestListener();
  to.daemon.letters = [sampleDeadLetter('d-1')];
});

const title = (): string => to.daemon.letters[0]!.message.title;

test('the difference is shown, and the edit applies to the record that was shown only', async () => {
  const { code, stdout } = await belfry(to, [
    'dead',
    'edit',
    'd-1',
    '--message',
    '{"title":"by ann","link":"https://ci.example.com/2"}',
    '--channel',
    'mail',
    '--yes',
  ]);
  expect(code).toBe(0);
  expect(stdout).toContain(`- title: ${title()}\n+ title: by ann\n`);
  expect(stdout).toContain('+ channel: mail\n');
  expect(to.daemon.edits).toMatchObject([
    {
      id: 'd-1',
      edit: { message: { title: 'by ann', link: 'https://ci.example.com/2' }, channel: 'mail' },
      options: { ifMatch: '"1"' },
    },
  ]);
});

test('the record is edited in $EDITOR', async () => {
  const env = {
    USER: 'ann',
    PATH: process.env.PATH,
    EDITOR: `sed -i 's/"${title().replaceAll('/', '\\/')}"/"by hand"/'`,
  };
  expect((await belfry(to, ['dead', 'edit', 'd-1', '--yes', '--json'], env)).code).toBe(0);
  expect(to.daemon.edits).toMatchObject([{ edit: { message: { title: 'by hand' } } }]);
});

test('nothing is saved without consent, without a change, or without a text that is JSON', async () => {
  const run = async (args: readonly string[], editor?: string) =>
    (
      await belfry(to, ['dead', 'edit', ...args], {
        USER: 'ann',
        PATH: process.env.PATH,
        ...(editor && { EDITOR: editor }),
      })
    ).code;
  expect(await run(['d-1', '--channel', 'mail'])).toBe(2);
  expect(await run(['d-1', '--message', '{}', '--yes'])).toBe(3);
  expect(await run(['d-1', '--message', 'title', '--yes'])).toBe(2);
  expect(await run(['d-1', '--yes'])).toBe(2);
  expect(await run(['d-1', '--yes'], 'false')).toBe(1);
  expect(await run(['d-1', '--yes'], 'sh -c ": > $1" sh')).toBe(2);
  expect(await run(['none', '--channel', 'mail', '--yes'])).toBe(3);
  expect(to.daemon.edits).toEqual([]);
});
