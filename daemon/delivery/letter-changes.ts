import type { DeadLetter } from '../core/delivery.ts';
import type { DeadLetters } from './dead-letters.ts';

/** Each change rewrites the file, so they are made together; what a crash in between leaves undone is mended by what the store says. */
const TOGETHER = 200;

/** What a resend has to change in the dead-letter file: the answered leave, the failed get their new attempt. */
export class LetterChanges {
  readonly #deadLetters: DeadLetters;
  #changes = new Map<string, DeadLetter | null>();

  constructor(deadLetters: DeadLetters) {
    this.#deadLetters = deadLetters;
  }

  remove(id: string): Promise<void> {
    return this.#add(id, null);
  }

  replace(record: DeadLetter): Promise<void> {
    return this.#add(record.id, record);
  }

  async write(): Promise<void> {
    const changes = this.#changes;
    this.#changes = new Map();
    await this.#deadLetters.change(changes);
  }

  async #add(id: string, change: DeadLetter | null): Promise<void> {
    this.#changes.set(id, change);
    if (this.#changes.size >= TOGETHER) await this.write();
  }
}
