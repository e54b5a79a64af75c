import type { Clock } from './clock.ts';
import type { Rate } from './duration.ts';

/** A sliding window: at most `count` in any `per` milliseconds. */
export class RateWindow {
  readonly #rate: Rate;
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** Times that count, the oldest first. */
  readonly #taken: number[] = [];

  constructor(rate: Rate, clock: Pick<Clock, 'monotonic'>) {
    this.#rate = rate;
    this.#clock = clock;
  }

  /** Takes a slot and returns 0, or returns the milliseconds until one is free. */
  take(): number {
    const { count, per } = this.#rate;
    const now = this.#clock.monotonic();
    while (this.#taken.length > 0 && this.#taken[0]! <= now - per) this.#taken.shift();
    if (this.#taken.length >= count) return this.#taken[0]! + per - now;
    this.#taken.push(now);
    return 0;
  }
}

/** Value of the header `Retry-After`, in seconds. */
export function retryAfter(waitMs: number): string {
  return String(Math.ceil(waitMs / 1000));
}
