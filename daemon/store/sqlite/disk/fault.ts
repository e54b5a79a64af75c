import { closeSync, fsyncSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isDiskFull } from '../../../lib/machine/system-error.ts';
import type { EngineFault } from '../engine/protocol.ts';
import { CopyUnderWay } from '../copy/snapshot.ts';
import { FileReplaced } from './files.ts';
import { codeOf, malformationOf, Malformed } from './malformed.ts';

const PROBE_BYTES = 64 * 1024;
/** Free bytes below which a write is tried. */
const LOW_SPACE_BYTES = 256 * 1024;

/** Finds out whether the disk is full. SQLite reports ENOSPC as "full", but EDQUOT only as an I/O error. */
export class DiskSpace {
  readonly #directory: string | undefined;

  constructor(file: string) {
    this.#directory = file === ':memory:' ? undefined : dirname(file);
  }

  /** Returns whether a commit fits. Reported free space may be reserved for root, so below `LOW_SPACE_BYTES` a write is tried. */
  hasSpace(): boolean {
    if (this.#directory === undefined) return true;
    const { bavail, bsize } = statfsSync(this.#directory);
    return bavail * bsize >= LOW_SPACE_BYTES || !this.isFull();
  }

  /** Tries to write a small file beside the database. */
  isFull(): boolean {
    if (this.#directory === undefined) return false;
    const probe = join(this.#directory, '.room');
    let fd: number | undefined;
    try {
      fd = openSync(probe, 'w', 0o600);
      writeSync(fd, Buffer.alloc(PROBE_BYTES), 0, PROBE_BYTES, 0);
      fsyncSync(fd);
      return false;
    } catch (error) {
      return isDiskFull(error);
    } finally {
      if (fd !== undefined) closeSync(fd);
      rmSync(probe, { force: true });
    }
  }
}

/** Error for a file whose schema version is higher than ours. */
export class NewerSchema extends Error {}

/** Errors of the engine itself, and their faults. */
const OWN_ERRORS: readonly (readonly [new (...given: never[]) => Error, EngineFault])[] = [
  [NewerSchema, 'newer'],
  [FileReplaced, 'failed'],
  [Malformed, 'malformed'],
  [CopyUnderWay, 'copying'],
];

/** Classifies an error of the engine or of SQLite. Only a failed *write* may mean a full disk; a failed fsync is always a failure of the medium. */
export function faultOf(error: unknown, disk: DiskSpace): EngineFault {
  const own = OWN_ERRORS.find(([kind]) => error instanceof kind);
  if (own !== undefined) return own[1];
  const code = codeOf(error);
  if (code === 'SQLITE_FULL') return 'full';
  if (code === 'SQLITE_BUSY' || code === 'SQLITE_LOCKED' || code.startsWith('SQLITE_BUSY_')) return 'locked';
  if (code === 'SQLITE_IOERR_WRITE' && disk.isFull()) return 'full';
  if (malformationOf(error) !== undefined) return 'malformed';
  const medium = ['SQLITE_IOERR', 'SQLITE_CANTOPEN', 'SQLITE_READONLY', 'SQLITE_PERM'];
  return medium.some((name) => code.startsWith(name)) ? 'failed' : 'broken';
}
