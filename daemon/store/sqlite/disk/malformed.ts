import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { damageOfLog } from './wal.ts';

/** Error of a file of the store whose content cannot be what SQLite wrote. */
export class Malformed extends Error {
  constructor(file: string, what: string) {
    super(malformedText(file, what));
  }
}

/** Codes of SQLite for a malformed database, with a text that does not blame the disk as those of SQLite do. */
const CODES: Readonly<Record<string, string>> = {
  SQLITE_NOTADB: 'it is not a SQLite database',
  SQLITE_CORRUPT: 'a part of it is damaged or missing',
};

/** Code of an error of SQLite; empty for an error without one. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Text for an error of SQLite about a malformed database; undefined for other errors. */
export function malformationOf(error: unknown): string | undefined {
  const code = codeOf(error);
  const known = Object.keys(CODES).find((name) => code === name || code.startsWith(`${name}_`));
  return known === undefined ? undefined : `${CODES[known]} (${code})`;
}

/** Text for the user: which file, since when, and what to do. */
export function malformedText(file: string, what: string): string {
  return (
    `${faultText(file, what, sinceText(file, what))}. Move the state directory away, and run \`belfry restore FILE\` ` +
    'with the last backup; without one, move this file away and start again without history, pending deliveries and alerts'
  );
}

/** Text for a database that was found malformed before, and was not replaced since; undefined for any other. It is not opened. */
export function knownMalformation(file: string): string | undefined {
  const found = statSync(file, { throwIfNoEntry: false });
  const note = noteOf(file);
  const [inode, ...what] = firstLine(note).split(' ');
  if (found === undefined || inode !== String(found.ino)) return undefined;
  return faultText(file, what.join(' '), `first seen at ${statSync(note).mtime.toISOString()}`);
}

const faultText = (file: string, what: string, since: string): string => `${file} is malformed: ${what}; ${since}`;

const noteOf = (file: string): string => `${file}.malformed`;

/**
 * Time at which the damage was first seen: that of the file `FILE.malformed`, which is written then. It has the inode of the damaged
 * file, so that it is not used for another file of this name.
 */
function sinceText(file: string, what: string): string {
  const note = noteOf(file);
  try {
    const { ino } = statSync(file);
    if (!firstLine(note).startsWith(`${ino} `)) writeFileSync(note, `${ino} ${what}\n`, { mode: 0o600 });
    return `first seen at ${statSync(note).mtime.toISOString()}`;
  } catch {
    return 'first seen now';
  }
}

function firstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[0]!;
  } catch {
    return '';
  }
}

/** Throws if the write-ahead log is damaged, so that SQLite would drop commits in it and report nothing. */
export function checkLog(file: string): void {
  const damage = damageOfLog(file);
  if (damage !== undefined) throw new Malformed(file, damage);
}
