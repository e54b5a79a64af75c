import { type Clock, pause } from '../time/clock.ts';

const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 30_000;

/** Exponential backoff: 1 s, 2 s, 4 s ... 30 s, until `reset`. */
export class Backoff {
  #waitMs = FIRST_WAIT_MS;

  async wait(clock: Clock, signal: AbortSignal): Promise<void> {
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(2 * waitMs, MAX_WAIT_MS);
    await pause(clock, waitMs, signal);
  }

  reset(): void {
    this.#waitMs = FIRST_WAIT_MS;
  }
}

export interface RetryOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Called with the reason after each failure, and with undefined when a retry succeeds. */
  readonly onFailure: (reason: string | undefined) => void;
}

/** Repeats `work` with backoff until it succeeds; undefined if `signal` aborts first. */
export async function retry<T>(
  work: () => Promise<T>,
  { clock, signal, onFailure }: RetryOptions,
): Promise<T | undefined> {
  const backoff = new Backoff();
  for (let attempt = 1; !signal.aborted; attempt += 1) {
    try {
      const result = await work();
      if (attempt > 1) onFailure(undefined);
      return result;
    } catch (error) {
      onFailure(error instanceof Error ? error.message : String(error));
      await backoff.wait(clock, signal);
    }
  }
  return undefined;
}
