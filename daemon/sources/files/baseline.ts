import type { Globs } from '../watching/globs.ts';
import type { FileState, Scan } from '../watching/scan.ts';
import type { Mark } from '../source.ts';

/** Marks that are no files: paths begin with `/`. */
const WORDS = 'globs';
const UNSETTLED = 'unsettled:';

export interface OutsetParts {
  readonly globs: Globs;
  /** The patterns as written: what is there when they are new was not missed. */
  readonly words: string;
  readonly initial: boolean;
  readonly missed: boolean;
  /** What was there when the source was started, and the marks of then. */
  readonly present: Scan;
  readonly marksThen: ReadonlyMap<string, string>;
  /** The marks of now, when it is this source's turn: one that it replaces went on until then. */
  readonly marks: ReadonlyMap<string, string>;
}

/** What is known of the files to begin with, and the marks that make it so. What differs from it is news. */
export interface Outset {
  readonly known: Map<string, FileState>;
  readonly marks: Iterable<Mark>;
}

export function outset(parts: OutsetParts): Outset {
  const { marks, words } = parts;
  const known = new Map<string, FileState>();
  for (const [key, state] of marks) if (key.startsWith('/') && parts.globs.counts(key)) known.set(key, state);
  for (const [file, state] of takenAsKnown(parts, known)) {
    if (state === undefined) known.delete(file);
    else known.set(file, state);
  }
  return { known, marks: marksOf(known, marks, words) };
}

/** One by one: all of them at once would be as large as everything that is known. */
function* marksOf(known: ReadonlyMap<string, FileState>, marks: OutsetParts['marks'], words: string): Iterable<Mark> {
  for (const key of marks.keys()) if (key !== WORDS && !known.has(key)) yield { key, value: null };
  for (const [key, value] of known) if (marks.get(key) !== value) yield { key, value };
  // The words come last: when they are on disk, so is all before them.
  if (marks.get(WORDS) !== words) yield { key: WORDS, value: words };
}

/** What a source that ends leaves to the one after it: changes it saw, but which had not come to rest. */
export function unsettledMarks(files: readonly string[]): readonly Mark[] {
  return files.map((file) => ({ key: `${UNSETTLED}${file}`, value: '' }));
}

/** Files whose present state, or absence, is not news. */
function* takenAsKnown(
  { words, initial, missed, present, marksThen, marks }: OutsetParts,
  known: ReadonlyMap<string, FileState>,
): Iterable<readonly [string, FileState | undefined]> {
  const before = marks.get(WORDS);
  if (before === undefined && initial) return;
  if (before === words && missed) return;
  // Seen by the source before this one, told or still to be told: not for us to pass over.
  const isItsNews = (file: string): boolean =>
    marks.has(`${UNSETTLED}${file}`) || (marksThen.has(WORDS) && marks.get(file) !== marksThen.get(file));
  for (const [file, state] of present.files) if (!isItsNews(file) && (!missed || !known.has(file))) yield [file, state];
  if (missed) return;
  for (const file of known.keys())
    if (!present.files.has(file) && present.sees(file) && !isItsNews(file)) yield [file, undefined];
}
