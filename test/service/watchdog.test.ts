import { expect, test } from 'vitest';
import { openWatchdog } from '../../daemon/service/watchdog.ts';
import { memoryLog } from '../support/delivery.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** Watchdog with a timeout of 30 s, so with a round each 10 s. `storeAnswers` and `lag` can be replaced while it runs. */
function open() {
  const clock = new VirtualClock();
  const { log, lines } = memoryLog();
  const state = { fed: 0, lag: 0, rounds: [] as string[], storeAnswers: (): Promise<void> => Promise.resolve() };
  const watchdog = openWatchdog({
    timeoutMs: 30_000,
    clock: {
      now: () => clock.now(),
      monotonic: () => clock.monotonic() + state.lag,
      after: (ms, fire) => clock.after(ms, fire),
    },
    log,
    storeAnswers: () => state.storeAnswers(),
    feed: () => (state.fed += 1),
    onRound: (result) => state.rounds.push(result),
  });
  const logged = (): unknown[] => lines.map((line) => JSON.parse(line) as unknown);
  return { clock, state, watchdog, logged };
}

test('a daemon whose store answers is fed', async () => {
  const { clock, state, watchdog } = open();
  await clock.advance(60_000);
  expect(state.fed).toBe(6);
  expect(new Set(state.rounds)).toEqual(new Set(['fed']));
  watchdog.close();
  expect(clock.waiting).toBe(0);
});

test('a daemon whose store hangs is not fed, which the log says, until the store answers again', async () => {
  const { clock, state, watchdog, logged } = open();
  let answer = (): void => {};
  state.storeAnswers = () => new Promise<void>((resolve) => (answer = resolve));
  await clock.advance(120_000);
  expect(state.fed).toBe(0);
  expect(logged()).toMatchObject([{ msg: 'watchdog: the store has not answered' }]);
  expect(state.rounds).toEqual(['store']);
  state.storeAnswers = () => Promise.resolve();
  answer();
  await clock.advance(0);
  expect(state.fed).toBe(1);
  await clock.advance(10_000);
  expect(state.fed).toBe(2);
  watchdog.close();
});

test('a store that fails has answered: the daemon then ends by itself', async () => {
  const { clock, state, watchdog } = open();
  state.storeAnswers = () => Promise.reject(new Error('the disk failed'));
  await clock.advance(10_000);
  expect(state.fed).toBe(1);
  watchdog.close();
});

test('a round that begins late because the event loop was blocked is not fed', async () => {
  const { clock, state, watchdog, logged } = open();
  state.lag = 5_001;
  await clock.advance(10_000);
  expect(state.fed).toBe(0);
  expect(logged()).toMatchObject([{ msg: 'watchdog: the event loop was blocked', lag_ms: 5001 }]);
  await clock.advance(10_000);
  expect(state.fed).toBe(1);
  watchdog.close();
});

test('a watchdog that is closed while the store hangs leaves no timer and is not fed', async () => {
  const { clock, state, watchdog } = open();
  let answer = (): void => {};
  state.storeAnswers = () => new Promise<void>((resolve) => (answer = resolve));
  await clock.advance(10_000);
  watchdog.close();
  expect(clock.waiting).toBe(0);
  answer();
  await clock.advance(60_000);
  expect(state.fed).toBe(0);
});
