import { access, constants, stat } from 'node:fs/promises';
import path from 'node:path';
import { BelfryError, EXIT } from '../core/problems/failure.ts';
import { NotRegularFile, statRegularFile } from '../lib/files/regular-file.ts';
import { systemErrorText } from '../lib/system-error.ts';
import type { StatePaths } from './paths.ts';

/** Finds out whether the state directory can be used, or be made, without touching anything. Rejects with exit 78. */
export async function checkState(paths: StatePaths): Promise<void> {
  for (let place = paths.state; ; place = path.dirname(place)) {
    const found = await stat(place).catch((error: NodeJS.ErrnoException) => error);
    if (found instanceof Error) {
      if (found.code !== 'ENOENT') throw asUnusable(found, paths);
      continue;
    }
    if (!found.isDirectory()) throw unusable(paths, place, 'it is no folder');
    await refuseUnless(place, constants.W_OK | constants.X_OK, paths);
    for (const kept of [paths.key, paths.token]) await refuseUnless(kept, constants.R_OK, paths);
    for (const name of STORE_FILES) await refuseUnlessRegular(path.join(paths.state, name), paths);
    return;
  }
}

/** Files of the store, which SQLite and the reserve would open whatever they are. */
const STORE_FILES: readonly string[] = ['belfry.db', 'belfry.db-wal', 'belfry.db-shm', 'reserve'];

async function refuseUnlessRegular(file: string, paths: StatePaths): Promise<void> {
  await statRegularFile(file).catch((error: unknown) => {
    if (!(error instanceof NotRegularFile)) throw asUnusable(error, paths);
    throw new BelfryError('state.unusable', `the state directory cannot be used: ${error.message}; move it away`, {
      exit: EXIT.config,
      cause: error,
    });
  });
}

/** A missing file is no refusal: it will be made. */
async function refuseUnless(place: string, mode: number, paths: StatePaths): Promise<void> {
  await access(place, mode).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw asUnusable(error, paths);
  });
}

/** An error of the system about a file of the state directory, as one line for a person and exit 78; every other one as it is. */
export function asUnusable(error: unknown, paths: StatePaths): unknown {
  const { path: place } = error as NodeJS.ErrnoException;
  const words = systemErrorText(error);
  if (words === undefined || place === undefined || !concerns(place, paths.state)) return error;
  return unusable(paths, place, words, error);
}

/** In the state directory, or above it. */
function concerns(place: string, state: string): boolean {
  return `${place}/`.startsWith(`${state}/`) || `${state}/`.startsWith(place === '/' ? '/' : `${place}/`);
}

function unusable({ state }: StatePaths, place: string, why: string, cause?: unknown): BelfryError {
  const what = place === state ? '' : `${place}: `;
  return new BelfryError(
    'state.unusable',
    `the state directory ${state} cannot be used: ${what}${why}; let the user that runs belfry write there, or set \`daemon.state\` to another directory`,
    { exit: EXIT.config, cause },
  );
}
