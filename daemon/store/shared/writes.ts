import type { ReadName, WriteName } from './names.ts';
import type { CounterChange, Counters } from './commit/counters.ts';

/** Writes of one operation, with their parameters concatenated. */
export class Writes {
  readonly names: WriteName[] = [];
  readonly values: Value[] = [];

  add(name: WriteName, ...values: Value[]): this {
    this.names.push(name);
    this.values.push(...values);
    return this;
  }
}

export interface Operation {
  readonly writes: Writes;
  readonly counts?: CounterChange;
  /** True when it was decided from rule states that may not be on disk yet: it fails together with an earlier commit that fails. */
  readonly decided: boolean;
  /** Concerns deliveries that this instance owns: not carried out once another instance has them. */
  readonly isOwners?: boolean;
  /** Called when the operation is on disk, in the order of the commits, before `submit` resolves. */
  readonly onCommitted?: (results: readonly unknown[]) => void;
}

/** Carries out operations, several in one transaction. */
export interface Commits {
  readonly counters: Counters;
  /** Throws when the store has failed or is closed. */
  check(): void;
  /** Resolves when the operation is durable, to the results of its procedures in order. */
  submit(operation: Operation): Promise<readonly unknown[]>;
}

export type Value = string | number | null;
export type Row = readonly Value[];

/** Named queries; rows are arrays in the order of the columns. */
export interface Queries {
  /** Rejects with `store.*`. */
  rows(name: ReadName, ...values: Value[]): Promise<readonly Row[]>;
}

/** Characters of the texts of a row. */
export function charsOf(row: Row): number {
  return row.reduce<number>((sum, value) => sum + (typeof value === 'string' ? value.length : 0), 0);
}
