/** How a row of the table is judged. */
export interface RowGoal {
  /** What is judged: the figure itself, or the figure over its floor. */
  readonly of: 'value' | 'ratio';
  readonly is: 'at least' | 'at most';
  readonly limit: number;
}

/** A row of the table. */
export interface Row {
  /** Unique, kebab-case: `delivered-16`. */
  readonly name: string;
  /** As people read it: "delivered/s, 16 connections". */
  readonly title: string;
  /** `1/s`, `ms`, `MB`, `s`, `kB`, or `` for a plain number. */
  readonly unit: string;
  /** What the floor is: "the least one Node process does durably"; absent where nothing is compared. */
  readonly floor?: string;
  /** Absent: the row is shown and not judged. */
  readonly goal?: RowGoal;
}

/** What one round measured for one row; `floor` is from the same round. */
export interface Figure {
  readonly row: string;
  readonly value: number;
  readonly floor?: number;
}

/** `short` is for CI: a second or two that show that the line works; its figures are not judged. */
export type Size = 'full' | 'short';

/** Something that is measured several times; the table shows medians of values and of ratios inside a round, with minimum and maximum. */
export interface Line {
  readonly name: string;
  readonly rows: readonly Row[];
  /** At least 3, unless one is long. */
  readonly rounds: number;
  /** Too long for every run: only when it is named. */
  readonly onlyNamed?: true;
  /** Throws when what it measures did not work (an event lost, a wrong answer): a fast wrong answer is no figure. */
  round(size: Size): Promise<readonly Figure[]>;
}

/** How a cost grows: at least four sizes. */
export interface Curve {
  readonly name: string;
  readonly title: string;
  /** A sentence under the plot: what to see in it. */
  readonly says?: string;
  /** What is varied and its unit: "rules". Drawn logarithmically. */
  readonly x: string;
  readonly y: string;
  /** Ascending. The short form measures only the first. */
  readonly sizes: readonly number[];
  /** The value at one size, by the name of the series. */
  measure(at: number, size: Size): Promise<Readonly<Record<string, number>>>;
}
