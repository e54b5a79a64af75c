/** Attempts that have ended and are not written down yet: so far a channel may run ahead of the disk. */
const MOST_UNWRITTEN = 256;

/** What a lane has begun and not ended: attempts on their way, and outcomes on their way to the disk. */
export class Flights {
  readonly #all = new Set<Promise<unknown>>();
  readonly #landed: () => void;
  #sending = 0;

  /** `landed` is called whenever one has ended. */
  constructor(landed: () => void) {
    this.#landed = landed;
  }

  get empty(): boolean {
    return this.#all.size === 0;
  }

  /** How many may begin; the concurrency counts attempts only, so that a channel is not as slow as the disk. */
  room(concurrency: number): number {
    return Math.min(concurrency - this.#sending, this.unwritten);
  }

  /** How many outcomes may still be left unwritten. */
  get unwritten(): number {
    return MOST_UNWRITTEN - this.#all.size;
  }

  add<T>(flight: Promise<T>): Promise<T> {
    const landed = flight
      .catch(() => undefined)
      .then(() => {
        this.#all.delete(landed);
        this.#landed();
      });
    this.#all.add(landed);
    return flight;
  }

  async sending<T>(work: () => Promise<T>): Promise<T> {
    this.#sending += 1;
    try {
      return await work();
    } finally {
      this.#sending -= 1;
    }
  }

  /** Resolves when all that are on their way now have ended. */
  async ended(): Promise<void> {
    await Promise.all(this.#all);
  }
}
