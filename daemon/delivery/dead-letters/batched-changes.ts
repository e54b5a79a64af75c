import type { DeadLetterChange, DeadLetters } from './dead-letters.ts';

const MIN_BATCH = 200;
const MAX_WRITES = 10;

/**
 * Changes that a resend makes to the dead-letter file. Each write copies the whole file, so they are batched: at least
 * `MIN_BATCH` at once, and at most `MAX_WRITES` writes in a run. A crash loses no result, because the store has each one first.
 */
export class BatchedChanges {
  readonly #deadLetters: DeadLetters;
  readonly #batchSize: number;
  #changes = new Map<string, DeadLetterChange>();

  /** `total`: upper bound of the changes that will come. */
  constructor(deadLetters: DeadLetters, total: number) {
    this.#deadLetters = deadLetters;
    this.#batchSize = Math.max(MIN_BATCH, Math.ceil(total / MAX_WRITES));
  }

  async add(id: string, change: DeadLetterChange): Promise<void> {
    this.#changes.set(id, change);
    if (this.#changes.size >= this.#batchSize) await this.write();
  }

  async write(): Promise<void> {
    const changes = this.#changes;
    this.#changes = new Map();
    await this.#deadLetters.change(changes);
  }
}
