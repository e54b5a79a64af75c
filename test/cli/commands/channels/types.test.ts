import { expect, test } from 'vitest';
import { loadChannelTypes } from '../../../../daemon/channels/index.ts';
import { belfry } from '../../../support/command-line.ts';

const channelTypes = await loadChannelTypes();

test('`channel types` has a line for each type, as text and as JSON', async () => {
  const { code, stdout } = await belfry(undefined, ['channel', 'types']);
  expect(code).toBe(0);
  const named = stdout.split('\n').flatMap((line) => /^\S+(?=\s)/.exec(line) ?? []);
  // No daemon and no rules are there.
  expect(named).toEqual(expect.arrayContaining(channelTypes.map(({ type }) => type)));
  const lines = (await belfry(undefined, ['channel', 'types', '--json'])).stdout.trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual(
    channelTypes.map(({ type }) => type),
  );
});

test('one type is described with its parts, limits, receipt, the way to its key, an example and its settings', async () => {
  const [type] = channelTypes;
  const { stdout } = await belfry(undefined, ['channel', 'types', type!.type]);
  expect(stdout).toContain(`type: ${type!.type}`);
  expect(stdout).toContain(`1. ${type!.setup![0]}`);
  expect(stdout).toMatch(/^kept {2,}markdown/m);
  expect(stdout).toMatch(/^Receipt: /m);
  const shown = JSON.parse((await belfry(undefined, ['channel', 'types', type!.type, '--json'])).stdout) as object;
  expect(shown).toMatchObject({ type: type!.type, parts: { kept: expect.arrayContaining(['markdown']) as unknown } });
  expect(Object.keys(shown)).toEqual([
    'type',
    'family',
    'summary',
    'documentation',
    'parts',
    'limits',
    'idempotent',
    'receipt',
    'setup',
    'example',
    'settings',
  ]);
});

test('a type that does not exist is exit 3, and suggests one', async () => {
  const { type } = channelTypes[0]!;
  const { code, stderr } = await belfry(undefined, ['channel', 'types', `${type}x`]);
  expect([code, stderr]).toEqual([3, expect.stringContaining(`did you mean \`${type}\`?`)]);
});
