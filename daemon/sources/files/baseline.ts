import type { Globs } from '../watching/globs.ts';
import type { FileState, Scan } from '../watching/scan.ts';
import type { Checkpoint } from '../source.ts';

/** Keys of checkpoints that are not files; the keys of files begin with `/`. */
const PATTERNS = 'globs';
const UNSETTLED = 'unsettled:';

export interface BaselineInput {
  readonly globs: Globs;
  /** The written patterns. If they have changed, files that only the new ones match are not reported. */
  readonly patterns: string;
  readonly initial: boolean;
  readonly missed: boolean;
  /** The files that existed when the source was started, and the checkpoints of that time. */
  readonly present: Scan;
  readonly checkpointsBefore: ReadonlyMap<string, string>;
  /** The checkpoints when the source went live: a source that it replaced may have written some since the start. */
  readonly checkpoints: ReadonlyMap<string, string>;
}

/** The snapshot that the source compares with, and the checkpoints that store it. Each difference from it is an event. */
export interface Baseline {
  readonly known: Map<string, FileState>;
  readonly checkpoints: Iterable<Checkpoint>;
}

export function baselineOf(input: BaselineInput): Baseline {
  const { checkpoints, patterns } = input;
  const known = new Map<string, FileState>();
  for (const [key, state] of checkpoints) if (key.startsWith('/') && input.globs.matches(key)) known.set(key, state);
  for (const [file, state] of acceptedSilently(input, known)) {
    if (state === undefined) known.delete(file);
    else known.set(file, state);
  }
  return { known, checkpoints: checkpointsOf(known, checkpoints, patterns) };
}

/** Checkpoints to save. They are generated one by one, because all of them together are as large as the snapshot. */
function* checkpointsOf(
  known: ReadonlyMap<string, FileState>,
  checkpoints: BaselineInput['checkpoints'],
  patterns: string,
): Iterable<Checkpoint> {
  for (const key of checkpoints.keys()) if (key !== PATTERNS && !known.has(key)) yield { key, value: null };
  for (const [key, value] of known) if (checkpoints.get(key) !== value) yield { key, value };
  // The patterns are saved last: once they are durable, so is all of the snapshot.
  if (checkpoints.get(PATTERNS) !== patterns) yield { key: PATTERNS, value: patterns };
}

/** Checkpoints with which a source that stops hands over changes that it has seen but not reported. */
export function unsettledCheckpoints(files: readonly string[]): readonly Checkpoint[] {
  return files.map((file) => ({ key: `${UNSETTLED}${file}`, value: '' }));
}

/** Files whose present state is accepted without an event; undefined: the file does not exist. */
function* acceptedSilently(
  { patterns, initial, missed, present, checkpointsBefore, checkpoints }: BaselineInput,
  known: ReadonlyMap<string, FileState>,
): Iterable<readonly [string, FileState | undefined]> {
  const before = checkpoints.get(PATTERNS);
  if (before === undefined && initial) return;
  if (before === patterns && missed) return;
  // Changes that the replaced source has seen: it has reported them, or has handed them over to this source.
  const wasSeen = (file: string): boolean =>
    checkpoints.has(`${UNSETTLED}${file}`) ||
    (checkpointsBefore.has(PATTERNS) && checkpoints.get(file) !== checkpointsBefore.get(file));
  for (const [file, state] of present.files) if (!wasSeen(file) && (!missed || !known.has(file))) yield [file, state];
  if (missed) return;
  for (const file of known.keys())
    if (!present.files.has(file) && present.covers(file) && !wasSeen(file)) yield [file, undefined];
}
