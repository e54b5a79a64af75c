import { type BigIntStats, statSync } from 'node:fs';

/** Milliseconds in which a removed file may go unnoticed while commits follow one another. */
const CHECK_EVERY_MS = 20;

/** A file that is held open is no longer the one at its path, so what is written to it does not survive the process. */
export class FileReplaced extends Error {
  constructor(file: string) {
    super(
      `${file} was removed or replaced while it was in use; restore it from a backup, or start again to begin with an empty one`,
    );
  }
}

/** Watches that files which are held open stay at their paths. */
export class OpenFiles {
  readonly #files: readonly string[];
  #identities: readonly (BigIntStats | undefined)[] = [];
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(files: readonly string[]) {
    this.#files = files;
  }

  /** Takes the files as they are now for the ones that are held open. */
  begin(): void {
    this.#identities = this.#files.map(statOf);
  }

  /** The same as `check`, but for calls that come within `CHECK_EVERY_MS` of the last one: a look at each commit costs a tenth of the rate. */
  checkOften(): void {
    if (performance.now() - this.#checkedAt >= CHECK_EVERY_MS) this.check();
  }

  /** Throws `FileReplaced` when one of them is gone or another one. Costs a stat for each. */
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
