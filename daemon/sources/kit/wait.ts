import type { Clock } from '../../lib/time/clock.ts';

/** Waits for `promise` or for the abort of `signal`. Resolves to false when the signal aborted first. */
export function settledBeforeAbort(promise: Promise<void>, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve, reject) => {
    const aborted = (): void => resolve(false);
    signal.addEventListener('abort', aborted, { once: true });
    promise.then(() => resolve(!signal.aborted), reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

/** A pause that other code can end early. There is at most one pause at a time. */
export class WakeablePause {
  #wake: () => void = () => undefined;

  /** Ends the present pause, if there is one. */
  wake(): void {
    this.#wake();
  }

  /** Resolves after `ms`, on `wake`, or when `signal` aborts. */
  wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
    if (ms <= 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        cancel();
        signal.removeEventListener('abort', done);
        this.#wake = () => undefined;
        resolve();
      };
      const cancel = clock.after(ms, done);
      signal.addEventListener('abort', done);
      this.#wake = done;
    });
  }
}
