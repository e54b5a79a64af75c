/** Source of time. It is injected everywhere, so that tests need not wait. */
export interface Clock {
  /** Wall clock, milliseconds since the epoch. May jump. */
  now(): number;
  /** The wall clock never jumps, so it need not be checked in between; true for tests. */
  readonly steady?: true;
  /** Milliseconds of a clock that never goes back; only differences have a meaning. */
  monotonic(): number;
  /** Calls `fire` once after `ms` (any length, also over 2^31). Returns the cancellation. */
  after(ms: number, fire: () => void): () => void;
}

/** `setTimeout` treats more than 2^31 - 1 ms as 1 ms, so long waits are split; the parts are short, so that a jump of the wall clock is noticed. */
const MAX_TIMER_MS = 24 * 60 * 60 * 1000;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fire) {
    if (ms <= MAX_TIMER_MS) {
      const timer = setTimeout(fire, Math.max(0, ms));
      return () => clearTimeout(timer);
    }
    let timer: NodeJS.Timeout;
    const arm = (left: number): void => {
      const piece = Math.min(left, MAX_TIMER_MS);
      timer = setTimeout(() => (left > piece ? arm(left - piece) : fire()), Math.max(0, piece));
    };
    arm(ms);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms`, or at once when `signal` aborts; check `signal.aborted` afterwards. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener('abort', done, { once: true });
  });
}
