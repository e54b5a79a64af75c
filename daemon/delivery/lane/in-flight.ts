import { WaitGroup } from '../../lib/async/wait-group.ts';

/** Outcomes that may wait for the disk at once. */
const MAX_UNWRITTEN = 256;

/** Work that a lane has begun and not finished: attempts, and outcomes that are being written. */
export class InFlight {
  readonly #all = new WaitGroup();
  readonly #works = new Set<Promise<unknown>>();
  readonly #onSettled: () => void;
  #attempts = 0;

  /** `onSettled` is called whenever one has finished. */
  constructor(onSettled: () => void) {
    this.#onSettled = onSettled;
  }

  get isEmpty(): boolean {
    return this.#all.count === 0;
  }

  /** Number of attempts that may begin. Concurrency counts attempts only, so that a channel is not as slow as the disk. */
  attemptsLeft(concurrency: number): number {
    return Math.min(concurrency - this.#attempts, this.writesLeft);
  }

  /** Number of outcomes that may still be added to those that wait for the disk. */
  get writesLeft(): number {
    return MAX_UNWRITTEN - this.#all.count;
  }

  /** Counts work from its beginning until its outcome is written. */
  track<T>(work: Promise<T>): Promise<T> {
    this.#all.add();
    this.#works.add(work);
    const settled = (): void => {
      this.#works.delete(work);
      this.#all.done();
      this.#onSettled();
    };
    work.then(settled, settled);
    return work;
  }

  /** Calls `listener` at the end of each work that has begun by now. */
  onEachEnd(listener: () => void): void {
    for (const work of this.#works) work.then(listener, listener);
  }

  /** Counts an attempt, without the writing of its outcome. */
  trackAttempt<T>(attempt: Promise<T>): Promise<T> {
    this.#attempts += 1;
    const ended = (): void => {
      this.#attempts -= 1;
    };
    attempt.then(ended, ended);
    return attempt;
  }

  /** Resolves when everything has finished. */
  idle(): Promise<void> {
    return this.#all.wait();
  }
}
