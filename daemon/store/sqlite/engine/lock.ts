import { type DiskSpace, faultOf, NewerSchema } from '../disk/fault.ts';
import { checkLog } from '../disk/malformed.ts';
import type { Connection } from './connection.ts';
import { SCHEMA_VERSION } from './schema.ts';

/** Tries to lock the file while another process holds a part of the lock, and the longest wait between them. */
const MAX_TRIES = 6;
const MAX_WAIT_MS = 60;

/** Lock of the database file for this process. */
export class DatabaseLock {
  readonly #file: string;
  readonly #db: Connection;
  readonly #disk: DiskSpace;
  #isHeld = false;

  constructor(file: string, db: Connection, disk: DiskSpace) {
    this.#file = file;
    this.#db = db;
    this.#disk = disk;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** Locks the file. Returns the version of the tables, 0 for none; a file of a later version is not changed. */
  take(): number {
    if (this.#file !== ':memory:') checkLog(`${this.#file}-wal`);
    this.#db.pragma('locking_mode = EXCLUSIVE');
    const [version] = this.#db.statement('PRAGMA user_version').get([]) as [number];
    if (version > SCHEMA_VERSION) throw new NewerSchema(String(version));
    this.#isHeld = true;
    return version;
  }

  /**
   * Locks the file and turns on its log. Two daemons that start at once may each hold a lock that the other needs: both let go, wait
   * for times that differ, and try again, so that one of them runs.
   */
  takeWithLog(): number {
    for (let tries = 1; ; tries += 1) {
      try {
        const version = this.take();
        this.#db.pragma('journal_mode = WAL');
        return version;
      } catch (error) {
        if (faultOf(error, this.#disk) !== 'locked' || tries === MAX_TRIES) throw error;
        this.release();
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.random() * MAX_WAIT_MS);
      }
    }
  }

  /** Releases the lock, or what a refused one has left; a read in this mode ends with its lock. */
  release(): void {
    this.#isHeld = false;
    try {
      this.#db.pragma('locking_mode = NORMAL');
      this.#db.pragma('user_version');
    } catch {
      // The other process has the lock, and this one has none.
    }
  }
}
