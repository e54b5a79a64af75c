/** Seed of the first round; `BELFRY_SEED` repeats a round that was violated. Round n has this seed + n. */
export const FIRST_SEED = Number(process.env['BELFRY_SEED'] ?? Math.floor(Math.random() * 1_000_000_000));

/** Random numbers of one round, the same for the same seed (mulberry32). */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed >>> 0;
  }

  /** From 0 up to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** Whole number from 1 to `max`, small ones as often as large ones. */
  upTo(max: number): number {
    return Math.min(max, Math.floor(max ** this.next() + this.next()));
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)]!;
  }
}
