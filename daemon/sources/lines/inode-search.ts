import { lstat, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { LineRecord } from './record.ts';

const MAX_PARALLEL = 64;

/** `device:inode` of a regular file; undefined when there is none. */
export async function idOf(filePath: string): Promise<string | undefined> {
  const found = await stat(filePath, { bigint: true }).catch(() => undefined);
  return found === undefined || !found.isFile() ? undefined : `${found.dev}:${found.ino}`;
}

/** Finds renamed files by their inode in the folder where they were. Reads each folder once. */
export class InodeSearch {
  readonly #folders = new Map<string, ReadonlyMap<string, string>>();

  async find({ folder, ino }: LineRecord): Promise<string | undefined> {
    let names = this.#folders.get(folder);
    if (names === undefined) {
      names = await namesByInode(folder);
      this.#folders.set(folder, names);
    }
    return names.get(ino);
  }
}

async function namesByInode(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isFile()).map((entry) => path.join(folder, entry.name));
  const found = new Map<string, string>();
  for (let from = 0; from < names.length; from += MAX_PARALLEL) {
    const some = names.slice(from, from + MAX_PARALLEL);
    const states = await Promise.all(some.map((name) => lstat(name, { bigint: true }).catch(() => undefined)));
    some.forEach((name, index) => found.set(String(states[index]?.ino), name));
  }
  return found;
}
