import type { Rate } from '../../lib/time/duration.ts';

/** At most `count` in any `per` milliseconds, remembered as the times of the last `count`; a provider that counts the same way never sees more. */
export class RateLimit {
  readonly #rate: Rate | undefined;
  readonly #taken: number[] = [];

  constructor(rate: Rate | undefined) {
    this.#rate = rate;
  }

  /** Milliseconds until one more may go; 0 is now. `now` is monotonic. */
  wait(now: number): number {
    if (this.#rate === undefined || this.#taken.length < this.#rate.count) return 0;
    return Math.max(0, this.#taken[0]! + this.#rate.per - now);
  }

  take(now: number): void {
    if (this.#rate === undefined) return;
    if (this.#taken.length >= this.#rate.count) this.#taken.shift();
    this.#taken.push(now);
  }
}
