import { chmodSync, closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../../lib/files/make-folder.ts';

/** The database's name inside the state directory. */
const FILE = 'belfry.db';

/** The database file in `directory`; both are made when missing, for the owner alone, and the entries are synced. */
export async function prepareDirectory(directory: string): Promise<string> {
  const made = await makeFolder(directory);
  if (made !== undefined) {
    chmodSync(directory, 0o700);
    syncUpTo(directory, dirname(made));
  }
  const file = join(directory, FILE);
  // A file that is there is not even opened: closing it would drop the lock that another store in this process holds.
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  return file;
}

/** Makes new directory entries survive a power cut. */
export function syncDirectory(directory: string): void {
  const fd = openSync(directory, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function syncUpTo(from: string, to: string): void {
  for (let directory = from; ; directory = dirname(directory)) {
    syncDirectory(directory);
    if (directory === to || directory === dirname(directory)) return;
  }
}
