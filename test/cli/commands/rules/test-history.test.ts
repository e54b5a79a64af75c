import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { type BacktestRequest, type BacktestResult, RulesRefused } from '../../../../daemon/core/explain/unsaved.ts';
import { belfry } from '../../../support/command-line.ts';
import { openTestListener } from '../../../support/listener.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const at = '2026-11-23T09:10:07.120Z';
const common = {
  event: 'e-1',
  title: 'Disk \u001B[31mfull',
  channel: 'ops',
  key: 'db1',
  status: 'firing',
  at,
} as const;
const RESULT: BacktestResult = {
  since: '2026-11-23T09:00:00.000Z',
  until: '2026-11-30T09:00:00.000Z',
  replayed_from: '2026-11-22T09:00:00.000Z',
  events: 1840,
  was: 213,
  would: 15,
  rules: [
    { rule: 'disk', was: 212, would: 14, added: 0, removed: 198, examples: [{ change: 'removed', ...common }] },
    { rule: 'cpu', was: 1, would: 1, added: 0, removed: 0, examples: [] },
  ],
};

async function opened(result: BacktestResult | Error = RESULT) {
  const to = await openTestListener();
  const asked: BacktestRequest[] = [];
  to.daemon.unsaved.backtest = async function* (request) {
    asked.push(request);
    yield { progress: 0.5, events: 100, at };
    if (result instanceof Error) throw result;
    yield result;
  };
  return { to, asked };
}

test('shows the difference by rule with examples, and ends with 0', async () => {
  const { to, asked } = await opened();
  const { code, stdout } = await belfry(to, ['test', '--history', '7d', '--rule', 'disk']);
  expect(stdout).toBe(`2026-11-23T09:00:00.000Z to 2026-11-30T09:00:00.000Z: 1840 events, 15 messages instead of 213
  disk  14 instead of 212  +0  -198
  - 2026-11-23T09:10:07.120Z  disk  ops  Disk  [31mfull  e-1
1 rule sends the same as before
`);
  expect(code).toBe(0);
  expect(asked).toEqual([{ since: { ago: 604_800_000 }, rule: 'disk' }]);
});

test('prints the result as JSON, and ends with 3 when the history has no event of that time', async () => {
  const { to } = await opened({ ...RESULT, events: 0, rules: [] });
  expect(await belfry(to, ['test', '--history', '7d', '--json'])).toMatchObject({
    code: 3,
    json: [{ events: 0, rules: [] }],
  });
});

test('a rules file takes the place of the live parts of its names', async () => {
  const { to, asked } = await opened();
  const file = path.join(await temporaryFolder(), 'edited.yaml');
  await writeFile(file, 'rules: []\n');
  expect((await belfry(to, ['test', '--history', '2h', file])).code).toBe(0);
  expect(asked).toEqual([{ since: { ago: 7_200_000 }, rules: { text: 'rules: []\n', base: true } }]);
  expect((await belfry(to, ['test', '--history', '2h', path.dirname(file)])).code).toBe(2);
  expect((await belfry(to, ['test', '--history', '2h', `${file}.none`])).code).toBe(3);
});

test('ends with 78 when the rules do not load, and with 2 for options that exclude each other', async () => {
  const problem = { file: 'a.yaml', line: 3, column: 5, level: 'error', code: 'c', message: 'm', mend: 'n' } as const;
  const refused = await openTestListener();
  // oxlint-disable-next-line require-yield
  refused.daemon.unsaved.backtest = async function* () {
    throw new RulesRefused([problem, problem]);
  };
  const { code, stderr } = await belfry(refused, ['test', '--history', '7d']);
  expect({ code, stderr }).toEqual({
    code: 78,
    stderr: 'belfry: the daemon answered 400: the rules do not load: a.yaml:3:5: m, and 1 more\n',
  });
  const { to } = await opened();
  for (const args of [['--rule', 'x'], ['--history', '7d', '--watch'], ['--history', '7d', 'a', 'b'], []])
    expect((await belfry(to, ['test', ...args])).code).toBe(2);
});
