/** One attack of the catalogue. */
export interface Row {
  /** Letter of the section and a number; it stays the same for ever. */
  readonly id: `${Letter}${number}`;
  /** The hostile input or deed, as a noun. */
  readonly attack: string;
  /** The status, and the effect. */
  readonly answer: string;
}

type Letter = 'A' | 'B' | 'C' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I';

/** Rows of one boundary, which share a letter. */
export interface Section {
  readonly title: string;
  readonly rows: readonly Row[];
}
