import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { crc32 } from 'node:zlib';
import type { Checkpoint } from '../source.ts';
import { compileGlobs, faultOf } from '../watching/globs.ts';
import { readState, type Scan } from '../watching/scan.ts';
import type { Line } from './splitter.ts';

/** The stored state of a file: its identity, and the position up to which its lines have been handled. */
export interface LineRecord {
  /** The `path` of its events. */
  readonly path: string;
  /** The real folder of the file, which is searched when the file is renamed. */
  readonly folder: string;
  readonly ino: string;
  /** Time when the file was first seen, milliseconds. */
  readonly since: number;
  /** Birth time in nanoseconds; empty if the file system has none. Differs between two files that had the same inode one after the other. */
  readonly birth: string;
  /** Random part of the ids of its events. Changes with each truncation, so that lines at the same offset are not duplicates. */
  readonly generation: string;
  /** Bytes and lines that were emitted or skipped. */
  readonly offset: number;
  readonly number: number;
  /** Fingerprints of the first bytes of the file and of the last bytes before `offset`. */
  readonly head: Fingerprint;
  readonly last: Fingerprint;
  /** Set until the file is read: reading starts after the last newline before this offset. */
  readonly from?: number;
  /** Set when the file has disappeared: the time when it was last seen, milliseconds. */
  readonly gone?: number;
}

/** `length.checksum` of some bytes; empty for none. */
export type Fingerprint = string;

const NO_FINGERPRINT: Fingerprint = '';

export function fingerprintOf(bytes: Buffer): Fingerprint {
  return bytes.length === 0 ? NO_FINGERPRINT : `${bytes.length}.${crc32(bytes).toString(36)}`;
}

export function lengthOf(fingerprint: Fingerprint): number {
  return fingerprint === NO_FINGERPRINT ? 0 : Number.parseInt(fingerprint, 10);
}

export function newRecord(file: string, folder: string, ino: string, since: number): LineRecord {
  const generation = randomBytes(9).toString('base64url');
  const nothing = { birth: '', offset: 0, number: 0, head: NO_FINGERPRINT, last: NO_FINGERPRINT };
  return { path: file, folder, ino, since, generation, ...nothing };
}

/** The record of a file that was truncated, or of a new file with the same inode. */
export function restartedRecord({ folder, ino, since }: LineRecord, file: string, birth: string): LineRecord {
  return { ...newRecord(file, folder, ino, since), birth };
}

/** The record after one more line. */
export function advancedRecord(record: LineRecord, { end, trail }: Line, head: Fingerprint): LineRecord {
  return { ...record, offset: end, number: record.number + 1, head, last: fingerprintOf(trail) };
}

/** JSON of a record, in which `generation` is called `life`. Written without a spread, because this runs for each line. */
export function encodeRecord(record: LineRecord): string {
  const { path: file, folder, ino, since, generation: life, birth, offset, number, head, last, from, gone } = record;
  return JSON.stringify({ path: file, folder, ino, since, life, birth, offset, number, head, last, from, gone });
}

/** Parses a record; undefined if the text is not a record. */
export function decodeRecord(text: string): LineRecord | undefined {
  try {
    const { life, ...record } = JSON.parse(text) as Omit<LineRecord, 'generation'> & { readonly life: string };
    const isValid = typeof record.path === 'string' && typeof record.offset === 'number' && record.ino !== undefined;
    return isValid ? { ...record, generation: life } : undefined;
  } catch {
    return undefined;
  }
}

/** Prefix of the checkpoint keys of files. */
export const FILE_KEY = 'file:';
/** Key of the checkpoint with the written patterns. */
const PATTERNS_KEY = 'paths';

export function keyOf({ generation }: LineRecord): string {
  return `${FILE_KEY}${generation}`;
}

export interface BaselineInput {
  readonly paths: readonly string[];
  readonly from: 'end' | 'start';
  /** The files at the start of the source. */
  readonly present: Scan;
  readonly checkpoints: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Checkpoints to save at the start: with `from: end`, present files that only new patterns match begin at their end. */
export function baselineCheckpoints({ paths, from, present, checkpoints, now }: BaselineInput): readonly Checkpoint[] {
  const patterns = JSON.stringify(paths);
  const before = checkpoints.get(PATTERNS_KEY);
  if (before === patterns) return [];
  // The patterns are saved last: once they are durable, so are the ends of the files.
  const last = { key: PATTERNS_KEY, value: patterns };
  if (from === 'start') return [last];
  const known = new Set([...checkpoints.values()].map((value) => decodeRecord(value)?.ino));
  const matchedBefore = compileGlobs(
    parsePatterns(before).filter((glob) => faultOf(glob) === undefined),
    [],
  );
  const ends: Checkpoint[] = [];
  for (const [file, state] of present.files) {
    const ino = state.slice(state.lastIndexOf(',') + 1);
    if (known.has(ino) || matchedBefore.matches(file)) continue;
    const record = { ...newRecord(file, path.dirname(file), ino, now), from: readState(state).size };
    ends.push({ key: keyOf(record), value: encodeRecord(record) });
  }
  return [...ends, last];
}

function parsePatterns(text: string | undefined): readonly string[] {
  try {
    const paths: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(paths) ? paths.map(String) : [];
  } catch {
    return [];
  }
}
