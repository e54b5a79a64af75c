import type { Log } from '../lib/log.ts';
import type { Clock } from '../lib/time/clock.ts';

export interface WatchdogDeps {
  /** Time after which systemd kills the process, milliseconds. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Settles when the store has answered. */
  readonly storeAnswers: () => Promise<unknown>;
  readonly feed: () => void;
  /** Called with the result of each round, and once more for a round whose store answers late. */
  readonly onRound: (result: WatchdogRound) => void;
}

/** `event_loop`: the round began late. `store`: the store has not answered in time. */
export type WatchdogRound = 'fed' | 'event_loop' | 'store';

export interface Watchdog {
  close(): void;
}

/** Chances to be fed within one timeout. */
const ROUNDS = 3;

/** A round that begins later than this after its time is not fed: the event loop was blocked, so requests waited as long. */
const MAX_LAG_MS = 5_000;

/**
 * Feeds the watchdog of systemd as long as the daemon works: the event loop begins each round in time, and the store has answered.
 * The store answers after the commits that it got before, so a disk that hangs ends the feeding. systemd then kills the process and
 * starts it again.
 */
export function openWatchdog({ timeoutMs, clock, log, storeAnswers, feed, onRound }: WatchdogDeps): Watchdog {
  const roundMs = timeoutMs / ROUNDS;
  let isClosed = false;
  /** Cancels the only timer: that of the next round, or that of the answer of the store. */
  let cancel = (): void => {};
  const next = (): void => {
    const due = clock.monotonic() + roundMs;
    cancel = clock.after(roundMs, () => void round(clock.monotonic() - due));
  };
  const round = async (lagMs: number): Promise<void> => {
    cancel = clock.after(roundMs, () => {
      log.error('watchdog: the store has not answered');
      onRound('store');
    });
    // A store that fails has answered; the daemon ends by itself then.
    await storeAnswers().catch(() => undefined);
    cancel();
    if (isClosed) return;
    if (lagMs > MAX_LAG_MS) log.error({ lag_ms: Math.round(lagMs) }, 'watchdog: the event loop was blocked');
    else feed();
    onRound(lagMs > MAX_LAG_MS ? 'event_loop' : 'fed');
    next();
  };
  next();
  return {
    close() {
      isClosed = true;
      cancel();
    },
  };
}
