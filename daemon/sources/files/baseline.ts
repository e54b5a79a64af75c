import type { Globs } from '../watching/globs.ts';
import type { FileState, Scan } from '../watching/scan.ts';
import type { Checkpoint } from '../source.ts';

/** Checkpoints that are no files: paths begin with `/`. */
const WORDS = 'globs';
const UNSETTLED = 'unsettled:';

export interface OutsetParts {
  readonly globs: Globs;
  /** The patterns as written: what is there when they are new was not missed. */
  readonly words: string;
  readonly initial: boolean;
  readonly missed: boolean;
  /** What was there when the source was started, and the checkpoints of then. */
  readonly present: Scan;
  readonly checkpointsBefore: ReadonlyMap<string, string>;
  /** The checkpoints of now, when it is this source's turn: one that it replaces went on until then. */
  readonly checkpoints: ReadonlyMap<string, string>;
}

/** What is known of the files to begin with, and the checkpoints that make it so. What differs from it is news. */
export interface Outset {
  readonly known: Map<string, FileState>;
  readonly checkpoints: Iterable<Checkpoint>;
}

export function outset(parts: OutsetParts): Outset {
  const { checkpoints, words } = parts;
  const known = new Map<string, FileState>();
  for (const [key, state] of checkpoints) if (key.startsWith('/') && parts.globs.counts(key)) known.set(key, state);
  for (const [file, state] of takenAsKnown(parts, known)) {
    if (state === undefined) known.delete(file);
    else known.set(file, state);
  }
  return { known, checkpoints: checkpointsOf(known, checkpoints, words) };
}

/** One by one: all of them at once would be as large as everything that is known. */
function* checkpointsOf(
  known: ReadonlyMap<string, FileState>,
  checkpoints: OutsetParts['checkpoints'],
  words: string,
): Iterable<Checkpoint> {
  for (const key of checkpoints.keys()) if (key !== WORDS && !known.has(key)) yield { key, value: null };
  for (const [key, value] of known) if (checkpoints.get(key) !== value) yield { key, value };
  // The words come last: when they are on disk, so is all before them.
  if (checkpoints.get(WORDS) !== words) yield { key: WORDS, value: words };
}

/** What a source that ends leaves to the one after it: changes it saw, but which had not come to rest. */
export function unsettledCheckpoints(files: readonly string[]): readonly Checkpoint[] {
  return files.map((file) => ({ key: `${UNSETTLED}${file}`, value: '' }));
}

/** Files whose present state, or absence, is not news. */
function* takenAsKnown(
  { words, initial, missed, present, checkpointsBefore, checkpoints }: OutsetParts,
  known: ReadonlyMap<string, FileState>,
): Iterable<readonly [string, FileState | undefined]> {
  const before = checkpoints.get(WORDS);
  if (before === undefined && initial) return;
  if (before === words && missed) return;
  // Seen by the source before this one, told or still to be told: not for us to pass over.
  const isItsNews = (file: string): boolean =>
    checkpoints.has(`${UNSETTLED}${file}`) ||
    (checkpointsBefore.has(WORDS) && checkpoints.get(file) !== checkpointsBefore.get(file));
  for (const [file, state] of present.files) if (!isItsNews(file) && (!missed || !known.has(file))) yield [file, state];
  if (missed) return;
  for (const file of known.keys())
    if (!present.files.has(file) && present.sees(file) && !isItsNews(file)) yield [file, undefined];
}
