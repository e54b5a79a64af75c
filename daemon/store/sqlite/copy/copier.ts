import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { BelfryError, EXIT } from '../../../core/problems/failure.ts';
import type { CopiedFile, StoreCopy } from '../../store.ts';
import { DATABASE_FILE } from '../disk/files.ts';
import { type EngineClient, openEngine } from '../engine/client.ts';
import type { Reply } from '../engine/protocol.ts';
import { storeError } from '../errors.ts';
import type { SnapshotFiles } from './snapshot.ts';
import { blocksOf } from '../../../lib/files/blocks.ts';

/**
 * Copies of the database of one engine. The database file is opened once and stays open until the engine has closed it: when a
 * process closes any descriptor of a file, it loses its locks on the file, so another process could take the database.
 */
export class Copier {
  readonly #engine: EngineClient;
  #database: FileHandle | undefined;
  #isClosed = false;

  constructor(engine: EngineClient) {
    this.#engine = engine;
  }

  /** Begins a copy. Rejects with `store.copying` while another one is under way. */
  async copy(): Promise<StoreCopy> {
    const begun = await this.#engine.ask({ kind: 'task', task: 'beginCopy', argument: null });
    const snapshot = valueOf(begun) as SnapshotFiles;
    let wal: FileHandle | undefined;
    const end = async (): Promise<boolean> => {
      await wal?.close();
      const reply = await this.#engine.ask({ kind: 'task', task: 'endCopy', argument: null });
      return reply.ok && reply.value === true;
    };
    try {
      const [database, walFile] = snapshot.files;
      this.#database ??= await open(database!.path);
      wal = walFile && (await open(walFile.path));
      const files = [this.#copied(database!, this.#database), ...(walFile ? [this.#copied(walFile, wal!)] : [])];
      return { schema: snapshot.schema, files, end };
    } catch (error) {
      await end();
      throw error;
    }
  }

  /** To be called after the engine was closed. A copy that is under way fails. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#database?.close();
  }

  #copied({ path: file, size }: SnapshotFiles['files'][number], handle: FileHandle): CopiedFile {
    return { name: path.basename(file), size, blocks: () => this.#blocks(handle, size) };
  }

  async *#blocks(handle: FileHandle, size: number): AsyncGenerator<Buffer> {
    const blocks = blocksOf(handle, size, () => new Error('a file of the store became shorter while it was copied'));
    const refuseClosed = (): void => {
      if (this.#isClosed) throw new BelfryError('store.closed', 'the store is closed');
    };
    refuseClosed();
    for await (const block of blocks) {
      yield block;
      refuseClosed();
    }
  }
}

/** A copy of the store of a state directory that no daemon uses. */
export interface StoppedCopy extends StoreCopy {
  /** Releases the store. */
  close(): Promise<void>;
}

/** Locks the store and begins a copy; changes no table. Rejects with `store.locked` (exit 75) or with `store.none` if there is no store. */
export async function copyStopped(directory: string): Promise<StoppedCopy> {
  const file = path.join(directory, DATABASE_FILE);
  if (!existsSync(file))
    throw new BelfryError('store.none', `${directory} has no ${DATABASE_FILE}, so it is no state directory`, {
      exit: EXIT.config,
    });
  const engine = openEngine(file);
  const copier = new Copier(engine);
  const close = async (): Promise<void> => {
    await engine.close();
    await copier.close();
  };
  try {
    return { ...(await copier.copy()), close };
  } catch (error) {
    await close();
    throw error;
  }
}

function valueOf(reply: Reply): unknown {
  if (reply.ok) return reply.value;
  throw storeError(reply);
}
