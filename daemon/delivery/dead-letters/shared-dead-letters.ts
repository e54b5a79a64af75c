import type { DeadLetter } from '../../core/delivery/delivery.ts';
import { BelfryError } from '../../core/problems/failure.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import { type DeadLetterChange, type DeadLetters, type DeadLine, UNWRITABLE } from './dead-letters.ts';
import { parseLine } from './records.ts';

/** Rows of a database that all instances share. */
export interface LetterTable {
  append(letters: readonly { readonly id: string; readonly text: string }[]): Promise<void>;
  after(number: number, limit: number): Promise<readonly { readonly number: number; readonly text: string }[]>;
  find(id: string): Promise<string | undefined>;
  replace(id: string, before: string, after: string | null): Promise<boolean>;
}

const PAGE = 500;

/** Dead letters in a database. Two instances may change them at the same time: each change is made on the record as it is then. */
export class SharedDeadLetters implements DeadLetters {
  readonly #table: LetterTable;
  readonly #scrubber: Scrubber;
  /** Reason why the database cannot be used; undefined while it can. */
  readonly #outage: () => string | undefined;

  constructor(table: LetterTable, scrubber: Scrubber, outage: () => string | undefined) {
    this.#table = table;
    this.#scrubber = scrubber;
    this.#outage = outage;
  }

  async append(record: DeadLetter): Promise<void> {
    try {
      await this.#table.append([{ id: record.id, text: this.#textOf(record) }]);
    } catch (cause) {
      throw new BelfryError(UNWRITABLE, `dead letters: ${(cause as Error).message}`, { cause });
    }
  }

  async *read(): AsyncIterable<DeadLine> {
    let line = 0;
    for (let after = 0; ; ) {
      const rows = await this.#table.after(after, PAGE);
      for (const { number, text } of rows) {
        line += 1;
        after = number;
        const { record, problem = '' } = parseLine(text);
        yield record === undefined ? { line, problem } : { line, record };
      }
      if (rows.length < PAGE) return;
    }
  }

  async find(id: string): Promise<DeadLetter | undefined> {
    const text = await this.#table.find(id);
    return text === undefined ? undefined : parseLine(text).record;
  }

  async change(changes: ReadonlyMap<string, DeadLetterChange>): Promise<void> {
    for (const [id, change] of changes) while (!(await this.#change(id, change)));
  }

  /** False: another instance has changed the record meanwhile. */
  async #change(id: string, change: DeadLetterChange): Promise<boolean> {
    const before = await this.#table.find(id);
    if (before === undefined) return true;
    if (change === null) return this.#table.replace(id, before, null);
    const { record } = parseLine(before);
    return record === undefined || this.#table.replace(id, before, this.#textOf(change(record)));
  }

  /** Calls `during` without a file: there is none, and the records are copied with the database. */
  snapshot<T>(during: (snapshot: undefined) => Promise<T>): Promise<T> {
    return during(undefined);
  }

  get fault(): string | undefined {
    const outage = this.#outage();
    return outage === undefined
      ? undefined
      : `dead letters: ${outage}; deliveries that end there stay pending until it can be used`;
  }

  check(): Promise<void> {
    return Promise.resolve();
  }

  onFatal(): void {
    // No answer of a database ends the daemon.
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #textOf(record: DeadLetter): string {
    return JSON.stringify(this.#scrubber.scrubJson(record));
  }
}
