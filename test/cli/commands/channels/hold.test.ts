import { expect, test } from 'vitest';
import { belfry } from '../../../support/command-line.ts';
import { openTestListener } from '../../../support/listener.ts';

test('a channel is held for a time, with a reason and a name, and the answer says until when', async () => {
  const to = await openTestListener();
  const held = await belfry(to, ['hold', 'ops', '--for', '2h', '--reason', 'move of the server', '--by', 'ann']);
  expect(held).toMatchObject({ code: 0, stdout: 'ops: held until 2026-11-23T11:00:00.000Z; its deliveries wait\n' });
  expect(to.daemon.holds).toEqual([{ ms: 7_200_000, reason: 'move of the server', by: expect.stringMatching(/^ann/) }]);
  expect(await belfry(to, ['hold', 'ops'])).toMatchObject({ stdout: expect.stringContaining('until it is released') });
  expect(await belfry(to, ['release', 'ops'])).toMatchObject({ code: 0, stdout: 'ops: released\n' });
});

test.each(['hold', 'release'])('`%s` of a channel that does not exist is exit 3, and suggests one', async (verb) => {
  const to = await openTestListener();
  expect(await belfry(to, [verb, 'opps'])).toMatchObject({
    code: 3,
    stdout: '',
    stderr: 'belfry: the daemon answered 404: there is no channel of this name; did you mean `ops`?\n',
  });
});

test('`channel test` of a channel that does not exist is exit 3, and suggests one', async () => {
  const to = await openTestListener();
  const { code, stderr } = await belfry(to, ['channel', 'test', 'opps']);
  expect([code, stderr]).toEqual([3, expect.stringContaining('did you mean `ops`?')]);
});
