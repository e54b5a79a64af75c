import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { NotRegularFile, statRegularFile } from '../../lib/files/regular-file.ts';
import { isDiskFull, messageOf, systemErrorText } from '../../lib/machine/system-error.ts';
import type { StatePaths } from './paths.ts';
import { RESTORING } from './state-files.ts';

/** Checks whether the state directory can be used or created, and changes nothing. Rejects with exit 78. */
export async function checkState(paths: StatePaths): Promise<void> {
  for (let folder = paths.state; ; folder = path.dirname(folder)) {
    const found = await stat(folder).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error) {
      if (found.code !== 'ENOENT') throw stateError(found, paths);
      continue;
    }
    if (!found.isDirectory()) throw unusable(paths, folder, 'it is not a folder');
    await refuseUnless(folder, constants.W_OK | constants.X_OK, paths);
    await refuseUnfinished(paths);
    for (const kept of [paths.key, paths.token]) await refuseUnless(kept, constants.R_OK, paths);
    for (const name of STORE_FILES) await refuseUnlessRegular(path.join(paths.state, name), paths);
    return;
  }
}

/** Files that SQLite and the disk reserve open without checking that they are regular files. */
const STORE_FILES: readonly string[] = ['belfry.db', 'belfry.db-wal', 'belfry.db-shm', 'reserve'];

async function refuseUnlessRegular(file: string, paths: StatePaths): Promise<void> {
  await statRegularFile(file).catch((error: unknown) => {
    if (!(error instanceof NotRegularFile)) throw stateError(error, paths);
    throw new BelfryError('state.unusable', `the state directory cannot be used: ${error.message}; move it away`, {
      exit: EXIT.config,
      cause: error,
    });
  });
}

/** Rejects beside a restore that was interrupted: only a part of the files may be there. */
async function refuseUnfinished({ state }: StatePaths): Promise<void> {
  const folder = path.join(state, RESTORING);
  if ((await stat(folder).catch(() => undefined)) === undefined) return;
  throw new BelfryError(
    'state.unfinished',
    `the state directory ${state} has a restore that did not end (${folder}); remove everything in the directory, and restore again`,
    { exit: EXIT.config },
  );
}

/** Rejects if the file exists and may not be used. */
async function refuseUnless(file: string, mode: number, paths: StatePaths): Promise<void> {
  await access(file, mode).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw stateError(error, paths);
  });
}

/**
 * Turns a system error about a file of the state directory into one line for the user: the disk failed (exit 74), it is full (exit 1,
 * so that a service manager starts the daemon again), or the directory cannot be used (exit 78). Returns any other error unchanged.
 */
export function stateError(error: unknown, paths: StatePaths): unknown {
  const { path: file } = error as NodeJS.ErrnoException;
  const ofDisk = diskError(error, paths);
  if (ofDisk !== undefined) return ofDisk;
  const reason = systemErrorText(error);
  if (reason === undefined || file === undefined || !isOnPath(file, paths.state)) return error;
  return unusable(paths, file, reason, error);
}

const SYNC_CALLS: readonly unknown[] = ['fsync', 'fdatasync'];

/** Error of a disk that failed or is full; undefined for any other. An error about an open file names no path: such files are all in the state directory. */
function diskError(error: unknown, { state }: StatePaths): BelfryError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { path: file, syscall, code } = error as NodeJS.ErrnoException;
  if (syscall === undefined || (file !== undefined && !isOnPath(file, state))) return undefined;
  if (SYNC_CALLS.includes(syscall) || code === 'EIO') {
    const text = `the disk of the state directory ${state} failed: ${messageOf(error)}; nothing more is promised: see the log of the kernel (dmesg), and start again on a disk that works`;
    return new BelfryError('state.failed', text, { exit: EXIT.disk, cause: error });
  }
  if (!isDiskFull(error)) return undefined;
  const text = `the disk of the state directory ${state} is full: ${messageOf(error)}; free space or files there, and start again`;
  return new BelfryError('state.full', text, { exit: EXIT.failed, cause: error });
}

/** Whether a path is in the state directory, or above it. */
function isOnPath(file: string, state: string): boolean {
  return `${file}/`.startsWith(`${state}/`) || `${state}/`.startsWith(file === '/' ? '/' : `${file}/`);
}

function unusable({ state }: StatePaths, file: string, why: string, cause?: unknown): BelfryError {
  const prefix = file === state ? '' : `${file}: `;
  return new BelfryError(
    'state.unusable',
    `the state directory ${state} cannot be used: ${prefix}${why}; let the user that runs belfry write there, or set \`daemon.state\` to another directory`,
    { exit: EXIT.config, cause },
  );
}
