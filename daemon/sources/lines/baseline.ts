import path from 'node:path';
import { compileGlobs } from '../watching/globs.ts';
import { readState, type Scan } from '../watching/scan.ts';
import { keyOf } from './files.ts';
import { decodeRecord, encodeRecord, newRecord } from './record.ts';
import type { Checkpoint } from '../source.ts';

/** The checkpoint that holds the patterns as they were written. */
const WORDS = 'paths';

export interface OutsetParts {
  readonly paths: readonly string[];
  readonly from: 'end' | 'start';
  /** What was there when the source was started. */
  readonly present: Scan;
  readonly checkpoints: ReadonlyMap<string, string>;
  /** Milliseconds. */
  readonly now: number;
}

/** The checkpoints to begin with: what is there when the patterns are new begins at its end, if so wanted; all else at its start. */
export function baselineCheckpoints({ paths, from, present, checkpoints, now }: OutsetParts): readonly Checkpoint[] {
  const words = JSON.stringify(paths);
  const before = checkpoints.get(WORDS);
  if (before === words) return [];
  // The words come last: when they are on disk, so is all before them.
  const last = { key: WORDS, value: words };
  if (from === 'start') return [last];
  const known = new Set([...checkpoints.values()].map((value) => decodeRecord(value)?.ino));
  const counted = compileGlobs(pathsIn(before), []);
  const ends: Checkpoint[] = [];
  for (const [file, state] of present.files) {
    const ino = state.slice(state.lastIndexOf(',') + 1);
    if (known.has(ino) || counted.counts(file)) continue;
    const record = { ...newRecord(file, path.dirname(file), ino, now), from: readState(state).size };
    ends.push({ key: keyOf(record), value: encodeRecord(record) });
  }
  return [...ends, last];
}

function pathsIn(words: string | undefined): readonly string[] {
  try {
    const paths: unknown = JSON.parse(words ?? '[]');
    return Array.isArray(paths) ? paths.map(String) : [];
  } catch {
    return [];
  }
}
