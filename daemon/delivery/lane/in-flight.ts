import { Tally } from '../../lib/async/wait-group.ts';

/** Attempts that have ended and are not written down yet: so far a channel may run ahead of the disk. */
const MOST_UNWRITTEN = 256;

/** What a lane has begun and not ended: attempts on their way, and outcomes on their way to the disk. */
export class Flights {
  readonly #all = new Tally();
  readonly #landed: () => void;
  #sending = 0;

  /** `landed` is called whenever one has ended. */
  constructor(landed: () => void) {
    this.#landed = landed;
  }

  get empty(): boolean {
    return this.#all.count === 0;
  }

  /** How many may begin; the concurrency counts attempts only, so that a channel is not as slow as the disk. */
  room(concurrency: number): number {
    return Math.min(concurrency - this.#sending, this.unwritten);
  }

  /** How many outcomes may still be left unwritten. */
  get unwritten(): number {
    return MOST_UNWRITTEN - this.#all.count;
  }

  add<T>(flight: Promise<T>): Promise<T> {
    this.#all.begin();
    const landed = (): void => {
      this.#all.end();
      this.#landed();
    };
    flight.then(landed, landed);
    return flight;
  }

  /** An attempt has begun; what comes of it is written down later. */
  sending<T>(attempt: Promise<T>): Promise<T> {
    this.#sending += 1;
    const over = (): void => {
      this.#sending -= 1;
    };
    attempt.then(over, over);
    return attempt;
  }

  /** Resolves when all that are on their way have ended. */
  ended(): Promise<void> {
    return this.#all.idle();
  }
}
