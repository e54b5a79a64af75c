import { type Clock, pause } from '../time/clock.ts';

/** Exponential backoff until `reset`: by default 1 s, 2 s, 4 s ... 30 s. */
export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #waitMs: number;

  constructor(firstMs = 1000, maxMs = 30_000) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#waitMs = firstMs;
  }

  async wait(clock: Clock, signal: AbortSignal): Promise<void> {
    const waitMs = this.#waitMs;
    this.#waitMs = Math.min(2 * waitMs, this.#maxMs);
    await pause(clock, waitMs, signal);
  }

  reset(): void {
    this.#waitMs = this.#firstMs;
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
  let hasFailed = false;
  const attempt = async (): Promise<T> => {
    signal.throwIfAborted();
    return work();
  };
  const shouldRetry = (error: unknown): boolean => {
    if (signal.aborted) return false;
    hasFailed = true;
    onFailure(error instanceof Error ? error.message : String(error));
    return true;
  };
  try {
    const result = await retryWhile(attempt, { clock, signal, shouldRetry });
    if (hasFailed) onFailure(undefined);
    return result;
  } catch {
    return undefined;
  }
}

export interface RetryWhileOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly shouldRetry: (error: unknown) => boolean;
  readonly backoff?: Backoff;
}

/** Repeats `work` while `shouldRetry` accepts its error. Rejects with any other error, and with the error of an attempt that ends after `signal` has aborted. */
export async function retryWhile<T>(
  work: () => Promise<T>,
  { clock, signal, shouldRetry, backoff = new Backoff() }: RetryWhileOptions,
): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!shouldRetry(error) || signal.aborted) throw error;
    }
    await backoff.wait(clock, signal);
  }
}
