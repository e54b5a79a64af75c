import type { Value } from '../../shared/writes.ts';

/** Parameters of a statement that is put together, in the order of their numbers. */
export class Parameters {
  readonly values: (Value | readonly Value[])[] = [];

  /** Adds a parameter; returns its place in the statement. */
  add(value: Value | readonly Value[], type: 'text' | 'bigint' | 'bigint[]' | 'smallint[]'): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}
