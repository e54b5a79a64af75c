import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { NotRegularFile, readRegularFile } from '../../lib/files/regular-file.ts';
import { stateFileOf } from '../state/state-files.ts';
import type { LeftOut } from './archive.ts';

/** File with its content. */
export interface SmallFile {
  /** Path in the state directory. */
  readonly name: string;
  readonly content: Buffer;
}

/** Files that `backup.ts` copies as snapshots, since they may be large. */
const LARGE: readonly string[] = ['belfry.db', 'belfry.db-wal', 'dead-letters.jsonl'];
const INBOX = 'inbox';
const MAX_TRIES = 5;

/** Reads the files of the state directory that are small enough for memory. A file that cannot be read is added to `leftOut`. */
export class SmallFiles {
  readonly leftOut: LeftOut[] = [];
  readonly #state: string;

  constructor(state: string) {
    this.#state = state;
  }

  /** Events of the inbox. */
  inbox(): AsyncGenerator<SmallFile> {
    return this.#folder(INBOX);
  }

  /** Everything but the inbox, the store and the dead letters. */
  async *others(): AsyncGenerator<SmallFile> {
    for (const entry of await readdir(this.#state, { withFileTypes: true })) {
      const { name } = entry;
      if (name === INBOX || LARGE.includes(name) || stateFileOf(name)?.isCopied === false) continue;
      if (entry.isDirectory() && stateFileOf(`${name}/x`)?.isCopied === true) yield* await this.#stable(name);
      else if (stateFileOf(name) !== undefined) yield* await this.#read(name);
      else if (stateFileOf(`${name}/x`)?.isCopied !== false)
        this.leftOut.push({ name, reason: 'it is no file of Belfry' });
    }
  }

  /** Reads a folder whose files belong together. Reads it again if its list of files has changed meanwhile. */
  async #stable(folder: string): Promise<SmallFile[]> {
    const noted = this.leftOut.length;
    for (let tries = 1; ; tries += 1) {
      const before = await this.#list(folder);
      const files: SmallFile[] = [];
      for await (const file of this.#folder(folder)) files.push(file);
      const after = await this.#list(folder);
      if (before.join('/') === after.join('/') || tries === MAX_TRIES) return files;
      this.leftOut.splice(noted);
    }
  }

  async *#folder(folder: string): AsyncGenerator<SmallFile> {
    for (const name of await this.#list(folder)) yield* await this.#read(`${folder}/${name}`);
  }

  /** Names in a folder, without files that are still being written. */
  async #list(folder: string): Promise<string[]> {
    const names = await readdir(path.join(this.#state, folder)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') this.leftOut.push({ name: folder, reason: reasonOf(error) });
      return [];
    });
    return names.filter((name) => !name.startsWith('.')).sort();
  }

  /** Empty if the file is gone or cannot be read. */
  async #read(name: string): Promise<SmallFile[]> {
    try {
      return [{ name, content: await readRegularFile(path.join(this.#state, name)) }];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.leftOut.push({ name, reason: reasonOf(error) });
      return [];
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof NotRegularFile) return `it is ${error.kind}`;
  return `it cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`;
}
