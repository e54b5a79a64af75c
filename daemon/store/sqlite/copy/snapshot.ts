import { statSync } from 'node:fs';
import path from 'node:path';
import type { Connection } from '../engine/connection.ts';

/** Files that contain the database as it is now. Their first `size` bytes stay the same until the next checkpoint. */
export interface SnapshotFiles {
  /** Version of the tables. */
  readonly schema: number;
  /** Absolute paths; only the first `size` bytes belong to the copy. */
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

/** Bytes of the write-ahead log at which a snapshot is given up, since a copy may never end and the log grows meanwhile. */
const MAX_LOG_BYTES = 512 * 1024 * 1024;

/**
 * Snapshot of the database for a copy. A second connection cannot read the database, because this one has locked it. But between two
 * checkpoints the database file does not change: commits only append to the write-ahead log. So a checkpoint is made first, and the
 * next one waits until the file is copied.
 */
export class DatabaseSnapshot {
  #state: 'none' | 'valid' | 'lost' = 'none';

  /** Throws if another copy is under way. `checkpoint` returns whether the whole log is in the database file now. */
  begin(db: Connection, file: string, checkpoint: () => boolean): SnapshotFiles {
    if (this.#state !== 'none') throw new CopyUnderWay();
    const isWhole = checkpoint();
    const [schema] = db.statement('PRAGMA user_version').get([]) as [number];
    this.#state = 'valid';
    // On a full disk the log cannot be copied into the database file, so both files are the copy.
    const names = isWhole ? [file] : [file, `${file}-wal`];
    return { schema, files: names.map((name) => ({ path: path.resolve(name), size: statSync(name).size })) };
  }

  /** Whether a checkpoint has to wait. `logBytes`: size of the write-ahead log. */
  delaysCheckpoint(logBytes: number): boolean {
    if (logBytes > MAX_LOG_BYTES) this.giveUp();
    return this.#state === 'valid';
  }

  /** Allows checkpoints again: the copy cannot be used. */
  giveUp(): void {
    if (this.#state === 'valid') this.#state = 'lost';
  }

  /** Ends the snapshot. Returns whether the files stayed as they were. */
  end(): boolean {
    const isValid = this.#state === 'valid';
    this.#state = 'none';
    return isValid;
  }
}

/** Error of a second copy at the same time. */
export class CopyUnderWay extends Error {
  constructor() {
    super('another backup is under way; try again when it has ended');
  }
}
