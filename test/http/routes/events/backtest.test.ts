import { expect, test } from 'vitest';
import { type BacktestRequest, RulesRefused } from '../../../../daemon/core/explain/unsaved.ts';
import { BelfryError } from '../../../../daemon/core/problems/failure.ts';
import type { DaemonApi } from '../../../../daemon/http/daemon-api.ts';
import { openTestListener, post } from '../../../support/listener.ts';

async function opened(answer: DaemonApi['unsaved']['backtest']) {
  const to = await openTestListener();
  const asked: BacktestRequest[] = [];
  to.daemon.unsaved.backtest = (request, signal) => {
    asked.push(request);
    return answer(request, signal);
  };
  return { ...to, asked };
}

test('a backtest answers lines of progress and then the result, with secrets masked', async () => {
  const to = await opened(async function* () {
    yield { progress: 0.5, events: 1, at: '2026-11-23T09:00:00.000Z' };
    yield {
      since: 's',
      until: 'u',
      replayed_from: 'r',
      events: 1,
      was: 1,
      would: 0,
      rules: [],
      error: 'hunter22',
    } as never;
  });
  to.scrubber.add('hunter22');
  const body = { rules: 'rules: []', base: true, since: '7d', until: '2026-11-23T09:00:00Z', rule: 'r' };
  const { status, text } = await post(to, '/v1/backtest', body, { token: 'read-token' });
  expect(status).toBe(200);
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  expect(lines).toMatchObject([{ progress: 0.5 }, { was: 1, would: 0, error: '***' }]);
  expect(to.asked).toEqual([
    {
      rules: { text: 'rules: []', base: true },
      since: { ago: 604_800_000 },
      until: { at: Date.parse('2026-11-23T09:00:00Z') },
      rule: 'r',
    },
  ]);
});

test('without times a backtest is about the last day, by the rules on disk', async () => {
  const to = await opened(async function* () {});
  expect((await post(to, '/v1/backtest', {})).status).toBe(200);
  expect(to.asked).toEqual([{ since: { ago: 86_400_000 } }]);
});

test.each<[unknown, string]>([
  [{ since: 'monday' }, '/since'],
  [{ until: 5 }, '/until'],
  [{ rule: '' }, '/rule'],
  [{ rules: 5 }, '/rules'],
  [{ base: true }, '/base'],
  [{ history: '7d' }, '/history'],
])('%j is refused with a pointer', async (body, pointer) => {
  const to = await opened(async function* () {});
  expect((await post(to, '/v1/backtest', body)).json).toMatchObject({ status: 400, code: 'backtest.request', pointer });
  expect(to.asked).toEqual([]);
});

test('rules that do not load are refused with all their problems, and a second backtest with a hint', async () => {
  const problem = { file: 'rules', line: 3, column: 5, level: 'error', code: 'c', message: 'm', mend: 'n' } as const;
  // oxlint-disable-next-line require-yield
  const refused = await opened(async function* () {
    throw new RulesRefused([problem]);
  });
  const detail = 'the rules do not load: rules:3:5: m';
  const answer = await post(refused, '/v1/backtest', {});
  expect(answer.json).toMatchObject({ status: 400, code: 'rules.invalid', detail, problems: [problem] });
  // oxlint-disable-next-line require-yield
  const busy = await opened(async function* () {
    throw new BelfryError('backtest.running', 'another backtest is running');
  });
  expect((await post(busy, '/v1/backtest', {})).json).toMatchObject({ status: 409, code: 'backtest.running' });
});

test('a text is checked in place of the files, and not together with a path', async () => {
  const to = await openTestListener();
  expect((await post(to, '/v1/check', { rules: 'rules: []', base: true })).json).toMatchObject({ valid: true });
  expect((await post(to, '/v1/check', { rules: 'rules: []' })).json).toMatchObject({ valid: false });
  expect((await post(to, '/v1/check', { rules: 'x', path: '/etc' })).json).toMatchObject({
    status: 400,
    code: 'check.path',
  });
  expect((await post(to, '/v1/check', { rules: 5 })).json).toMatchObject({ status: 400, code: 'check.rules' });
  expect(to.daemon.calls).toEqual([]);
});
