import { expect, test } from 'vitest';
import { SelfCheck } from '../../../../daemon/app/runtime/self-check/self-check.ts';
import { WorkLog } from '../../../../daemon/app/runtime/self-check/work-log.ts';
import { memoryLog } from '../../../support/delivery.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

/** Self-check with a round each second. `storeAnswers` and `lag` can be replaced while it runs. */
function open() {
  const clock = new VirtualClock();
  const { log, lines } = memoryLog();
  const state = { lag: 0, rounds: [] as string[], storeAnswers: (): Promise<void> => Promise.resolve() };
  const check = new SelfCheck({
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + state.lag,
      after: (ms, fire) => clock.after(ms, fire),
    },
    log,
    storeAnswers: () => state.storeAnswers(),
    workDone: () => ({ busy_ms: 7, longest: ['1 events: 6000 ms, of which 6000 ms for e1'] }),
    onRound: (result) => state.rounds.push(result),
  });
  const logged = (): unknown[] => lines.map((line) => JSON.parse(line) as unknown);
  return { clock, state, check, logged };
}

test('a daemon whose store answers and whose event loop runs has no reason', async () => {
  const { clock, state, check } = open();
  await clock.advance(60_000);
  expect(state.rounds).toEqual(Array.from({ length: 60 }, () => 'fed'));
  expect([check.refusing, check.faults]).toEqual([undefined, []]);
  check.close();
  expect(clock.waiting).toBe(0);
});

test('a store that hangs is a reason to refuse events, reported once, until it answers again', async () => {
  const { clock, state, check, logged } = open();
  let answer = (): void => {};
  state.storeAnswers = () => new Promise<void>((resolve) => (answer = resolve));
  await clock.advance(10_999);
  expect(check.refusing).toBeUndefined();
  await clock.advance(120_000);
  expect(check.refusing).toMatch(/^the store has not answered since 2026-11-23T09:00:01.000Z: the disk hangs/);
  expect(logged()).toMatchObject([{ level: 'error', msg: check.refusing }]);
  expect(state.rounds).toEqual(['store']);
  state.storeAnswers = () => Promise.resolve();
  answer();
  await clock.advance(0);
  expect(check.refusing).toBeUndefined();
  expect(logged().slice(1)).toMatchObject([{ level: 'info', msg: 'self-check: the store answers again' }]);
  await clock.advance(2_000);
  expect(state.rounds).toEqual(['store', 'fed', 'fed', 'fed']);
  check.close();
});

test('a store that fails has answered: the daemon then ends by itself', async () => {
  const { clock, state, check } = open();
  state.storeAnswers = () => Promise.reject(new Error('the disk failed'));
  await clock.advance(1_000);
  expect(state.rounds).toEqual(['fed']);
  check.close();
});

test('a block of the event loop is logged with the work that took longest, and is a reason for a minute', async () => {
  const { clock, state, check, logged } = open();
  state.lag = 5_001;
  await clock.advance(1_000);
  expect(state.rounds).toEqual(['event_loop']);
  const text = 'the event loop was blocked for 5.0 s until 2026-11-23T09:00:01.000Z; nothing was answered meanwhile';
  expect(check.faults).toEqual([text]);
  expect(check.refusing).toBeUndefined();
  expect(logged()).toMatchObject([
    { msg: `self-check: ${text}`, lag_ms: 5001, busy_ms: 7, longest: ['1 events: 6000 ms, of which 6000 ms for e1'] },
  ]);
  await clock.advance(1_000);
  expect(state.rounds).toEqual(['event_loop', 'fed']);
  await clock.advance(59_000);
  expect(check.faults).toEqual([]);
  check.close();
});

test('a self-check that is closed while the store hangs leaves no timer and reports nothing more', async () => {
  const { clock, state, check } = open();
  let answer = (): void => {};
  state.storeAnswers = () => new Promise<void>((resolve) => (answer = resolve));
  await clock.advance(1_000);
  check.close();
  expect(clock.waiting).toBe(0);
  answer();
  await clock.advance(60_000);
  expect(state.rounds).toEqual([]);
});

test('the work log names the work that took longest, kind by kind, and begins anew when it is read', () => {
  const clock = { at: 0, monotonic: () => clock.at };
  const work = new WorkLog(clock);
  const take = (ms: number) => (): number => (clock.at += ms);
  expect(work.measure('events', 'e1', take(40))).toBe(40);
  work.measure('events', 'e2', take(90));
  work.measure('timers', 'disk-full db1', take(5_000));
  work.measure('attempts', 'short', take(99));
  expect(work.take().longest).toEqual([
    '1 timers: 5000 ms, of which 5000 ms for disk-full db1',
    '2 events: 130 ms, of which 90 ms for e2',
  ]);
  expect(work.take().longest).toEqual([]);
});
