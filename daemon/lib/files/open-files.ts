import { readFile } from 'node:fs/promises';

/** File of the system with the limits of this process; only Linux has it. */
const LIMITS = '/proc/self/limits';

/** Number of files that this process may have open; undefined if it is unknown or unlimited. */
export async function openFileLimit(): Promise<number | undefined> {
  return readOpenFileLimit(await readFile(LIMITS, 'utf8').catch(() => ''));
}

/** Reads the number from the text of `/proc/PID/limits`. */
export function readOpenFileLimit(limits: string): number | undefined {
  const soft = /^Max open files\s+(\d+)/m.exec(limits)?.[1];
  return soft === undefined ? undefined : Number(soft);
}
