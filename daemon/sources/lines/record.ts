import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Line } from './splitter.ts';

/** What is stored of a file: which one it is, and how far its lines have been told. */
export interface LineRecord {
  /** The name under which its lines are told. */
  readonly path: string;
  /** The folder it really lies in, where it is looked for when it is renamed. */
  readonly folder: string;
  readonly ino: string;
  /** When it was first seen, milliseconds. */
  readonly since: number;
  /** When it was made, nanoseconds; empty where the file system does not say. An inode is soon used again, and two such files differ in this. */
  readonly birth: string;
  /** Part of the ids of its events: another one after each truncation, so that what is written then is no repetition. */
  readonly life: string;
  /** Bytes whose lines have been told or passed over, and how many lines they are. */
  readonly offset: number;
  readonly number: number;
  /** Prints of the first bytes of the file, and of those right before `offset`. */
  readonly head: Print;
  readonly last: Print;
  /** Nothing has been read yet: it begins after the last newline before this offset. */
  readonly from?: number;
  /** When it was last there, milliseconds, if it is there no more. */
  readonly gone?: number;
}

/** `length.checksum` */
export type Print = string;

const NO_PRINT: Print = '';

export function printOf(bytes: Buffer): Print {
  return bytes.length === 0 ? NO_PRINT : `${bytes.length}.${crc32(bytes).toString(36)}`;
}

export function lengthOf(print: Print): number {
  return print === NO_PRINT ? 0 : Number.parseInt(print, 10);
}

export function newLife(): string {
  return randomBytes(9).toString('base64url');
}

export function newRecord(path: string, folder: string, ino: string, since: number): LineRecord {
  const nothing = { birth: '', offset: 0, number: 0, head: NO_PRINT, last: NO_PRINT };
  return { path, folder, ino, since, life: newLife(), ...nothing };
}

/** The file was emptied, or is another one with the same inode. */
export function begunAnew({ folder, ino, since }: LineRecord, path: string, birth: string): LineRecord {
  return { ...newRecord(path, folder, ino, since), birth };
}

export function advanced(record: LineRecord, { end, trail }: Line, head: Print): LineRecord {
  return { ...record, offset: end, number: record.number + 1, head, last: printOf(trail) };
}

export function encodeRecord(record: LineRecord): string {
  return JSON.stringify(record);
}

/** undefined: this was not written by us. */
export function decodeRecord(text: string): LineRecord | undefined {
  try {
    const record = JSON.parse(text) as LineRecord;
    const isOne = typeof record.path === 'string' && typeof record.offset === 'number' && record.ino !== undefined;
    return isOne ? record : undefined;
  } catch {
    return undefined;
  }
}
