import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { isObject } from '../../../core/values/json.ts';
import type { AuditLine } from '../../../core/audit/entry.ts';

/** The file to which lines are appended. */
export const AUDIT_FILE = 'audit.jsonl';
/** Bytes of a file beyond which the next line begins a new one. */
export const MAX_AUDIT_FILE_BYTES = 8 * 1024 * 1024;
/** Files that are kept, the current one included. */
export const MAX_AUDIT_FILES = 8;

const NUMBER_DIGITS = 12;
const OLDER = /^audit\.jsonl\.(\d{12})$/;

/** Name of a file that is full: it ends with the number of its first line. */
export const olderName = (first: number): string => `${AUDIT_FILE}.${String(first).padStart(NUMBER_DIGITS, '0')}`;

/** A full file of the log. */
export interface OlderFile {
  readonly name: string;
  /** Number of its first line. */
  readonly first: number;
}

/** The full files of a state directory, the oldest first. */
export async function olderFiles(state: string): Promise<readonly OlderFile[]> {
  const names = await readdir(state).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const [, number] = OLDER.exec(name) ?? [];
      return number === undefined ? [] : [{ name, first: Number(number) }];
    })
    .toSorted((a, b) => a.first - b.first);
}

/** Paths of all files of the log, the oldest first. */
export async function auditFiles(state: string): Promise<readonly string[]> {
  const older = await olderFiles(state);
  return [...older.map(({ name }) => name), AUDIT_FILE].map((name) => path.join(state, name));
}

/** Parses a line; undefined when it is none of the log. */
export function parseAuditLine(text: string): AuditLine | undefined {
  try {
    const line: unknown = JSON.parse(text);
    const isLine =
      isObject(line) &&
      Number.isSafeInteger(line.seq) &&
      ['at', 'actor', 'via', 'action', 'result', 'prev'].every((name) => typeof line[name] === 'string');
    return isLine ? (line as unknown as AuditLine) : undefined;
  } catch {
    return undefined;
  }
}
