/** Goal of a row of the table. */
export interface RowGoal {
  /** Compared with the limit: the value itself, or its ratio to the floor. */
  readonly of: 'value' | 'ratio';
  readonly is: 'at least' | 'at most';
  readonly limit: number;
}

/** A row of the table. */
export interface Row {
  /** Unique, kebab-case: `delivered-16`. */
  readonly name: string;
  /** Title for people: "delivered/s, 16 connections". */
  readonly title: string;
  /** `1/s`, `ms`, `MB`, `s`, `kB`, or `` for a plain number. */
  readonly unit: string;
  /** Description of the floor: "the least one Node process does durably"; absent without a comparison. */
  readonly floor?: string;
  /** Absent: the row is shown without a goal. */
  readonly goal?: RowGoal;
}

/** Result of one round for one row; `floor` is from the same round. */
export interface Figure {
  readonly row: string;
  readonly value: number;
  readonly floor?: number;
}

/** `short` is for CI: it takes a second or two, shows that the line works, and is not compared with goals. */
export type Size = 'full' | 'short';

/** A measurement in several rounds. The table shows medians of the values, and of the ratios within a round, with minimum and maximum. */
export interface Line {
  readonly name: string;
  readonly rows: readonly Row[];
  /** Number of rounds: at least 3, unless one takes long. */
  readonly rounds: number;
  /** Measured only when it is named, since it takes minutes. */
  readonly onlyNamed?: true;
  /** Throws if the measured program failed (an event lost, a wrong response): such a figure would be worthless. */
  round(size: Size): Promise<readonly Figure[]>;
}

/** Growth of a cost with a size; at least four sizes. */
export interface Curve {
  readonly name: string;
  readonly title: string;
  /** Sentence under the plot that explains it. */
  readonly says?: string;
  /** Name of the size: "rules". The axis is logarithmic. */
  readonly x: string;
  readonly y: string;
  /** Ascending. The short form measures only the first. */
  readonly sizes: readonly number[];
  /** Values at one size, by the name of the series. */
  measure(at: number, size: Size): Promise<Readonly<Record<string, number>>>;
}
