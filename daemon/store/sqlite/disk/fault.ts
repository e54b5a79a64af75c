import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import type { EngineFault } from '../engine/protocol.ts';

/** By number: Node has no name for EDQUOT. */
const NO_ROOM: readonly number[] = [constants.errno.ENOSPC, constants.errno.EDQUOT];

const PROBE = 64 * 1024;
/** With less than this free a write is tried out. */
const SCARCE = 256 * 1024;

/** Finds out why a write failed, which SQLite does not tell: it knows ENOSPC as "full", and EDQUOT only as an I/O error. */
export class DiskWatch {
  readonly #directory: string | undefined;

  constructor(file: string) {
    this.#directory = file === ':memory:' ? undefined : dirname(file);
  }

  /** Whether there is room for a commit. Writes only where little is said to be free, since that may count what root may still use. */
  hasRoom(): boolean {
    if (this.#directory === undefined) return true;
    const { bavail, bsize } = statfsSync(this.#directory);
    return bavail * bsize >= SCARCE || !this.hasNoRoom();
  }

  /** Tries to write a small file beside the database. */
  hasNoRoom(): boolean {
    if (this.#directory === undefined) return false;
    const probe = join(this.#directory, '.room');
    let fd: number | undefined;
    try {
      fd = openSync(probe, 'w', 0o600);
      writeSync(fd, Buffer.alloc(PROBE), 0, PROBE, 0);
      fsyncSync(fd);
      return false;
    } catch (error) {
      return NO_ROOM.includes(Math.abs((error as NodeJS.ErrnoException).errno ?? 0));
    } finally {
      if (fd !== undefined) closeSync(fd);
      rmSync(probe, { force: true });
    }
  }
}

/** Sorts what SQLite threw. Only a failed *write* may be for want of room; a failed fsync is never looked into. */
export function faultOf(error: unknown, disk: DiskWatch): EngineFault {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
  if (code === 'SQLITE_FULL') return 'full';
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED' || code.startsWith('SQLITE_BUSY_')) return 'locked';
  if (code === 'SQLITE_IOERR_WRITE' && disk.hasNoRoom()) return 'full';
  const medium = [
    'SQLITE_IOERR',
    'SQLITE_CORRUPT',
    'SQLITE_NOTADB',
    'SQLITE_CANTOPEN',
    'SQLITE_READONLY',
    'SQLITE_PERM',
  ];
  return medium.some((name) => code.startsWith(name)) ? 'failed' : 'broken';
}
