import { type BigIntStats, chmodSync, closeSync, existsSync, fsyncSync, openSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeFolder } from '../../../lib/files/make-folder.ts';

export const DATABASE_FILE = 'belfry.db';

/** Path of the database file in the state directory. Creates both for the owner alone when missing, and syncs their entries. */
export async function prepareDirectory(directory: string): Promise<string> {
  const made = await makeFolder(directory);
  if (made !== undefined) {
    chmodSync(directory, 0o700);
    syncUpTo(directory, dirname(made));
  }
  const file = join(directory, DATABASE_FILE);
  // An existing file is not opened here: closing it would drop the lock of another store in this process.
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  return file;
}

/** Makes new entries of a directory survive a power cut. */
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

/** Error for an open file that is no longer the one at its path: data written to it is lost when the process ends. */
export class FileReplaced extends Error {
  constructor(file: string) {
    super(
      `${file} was removed or replaced while it was in use; restore it from a backup, or start again to begin with an empty one`,
    );
  }
}

/** Milliseconds for which a removed file may stay unnoticed while commits follow one another. */
const CHECK_INTERVAL_MS = 20;

/** Checks that open files are still the ones at their paths. */
export class OpenFiles {
  readonly #files: readonly string[];
  #identities: readonly (BigIntStats | undefined)[] = [];
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /** Remembers the files now at the paths as the open ones. */
  remember(): void {
    this.#identities = this.#files.map(statOf);
  }

  /** Same as `check`, at most once in `CHECK_INTERVAL_MS`: a check at each commit costs a tenth of the rate. */
  checkOften(): void {
    if (performance.now() - this.#checkedAt >= CHECK_INTERVAL_MS) this.check();
  }

  /** Throws `FileReplaced` when a file was removed or replaced. Costs one stat per file. */
  check(): void {
    this.#checkedAt = performance.now();
    for (let index = 0; index < this.#identities.length; index += 1) {
      const file = this.#files[index]!;
      if (!isSameFile(statOf(file), this.#identities[index])) throw new FileReplaced(file);
    }
  }
}

function statOf(file: string): BigIntStats | undefined {
  return statSync(file, { bigint: true, throwIfNoEntry: false });
}

function isSameFile(now: BigIntStats | undefined, before: BigIntStats | undefined): boolean {
  return now?.ino === before?.ino && now?.dev === before?.dev;
}
