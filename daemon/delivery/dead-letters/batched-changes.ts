import type { DeadLetters, LetterChange } from './dead-letters.ts';

/** Each write copies the whole file, so changes are made together: at least so many, and at most ten times in a run. */
const LEAST_TOGETHER = 200;
const MOST_WRITES = 10;

/** What a resend has to change in the dead-letter file: the answered leave, the failed get their new attempt. What a crash leaves undone is mended by what the store says. */
export class LetterChanges {
  readonly #deadLetters: DeadLetters;
  readonly #together: number;
  #changes = new Map<string, LetterChange>();

  /** `total`: how many changes may come. */
  constructor(deadLetters: DeadLetters, total: number) {
    this.#deadLetters = deadLetters;
    this.#together = Math.max(LEAST_TOGETHER, Math.ceil(total / MOST_WRITES));
  }

  async add(id: string, change: LetterChange): Promise<void> {
    this.#changes.set(id, change);
    if (this.#changes.size >= this.#together) await this.write();
  }

  async write(): Promise<void> {
    const changes = this.#changes;
    this.#changes = new Map();
    await this.#deadLetters.change(changes);
  }
}
