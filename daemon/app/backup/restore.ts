import { readdir, rename, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { syncFolder } from '../../lib/files/atomic-file.ts';
import { makeFolder } from '../../lib/files/make-folder.ts';
import type { Log } from '../../lib/log.ts';
import { copyStopped } from '../../store/sqlite/copy/copier.ts';
import { DATABASE_FILE } from '../../store/sqlite/disk/files.ts';
import { RESTORING } from '../state/state-files.ts';
import { type Extracted, extractBackup, removeExtracted } from './extract.ts';
import { type OpenFile, type ReadBackup, readBackup } from './read.ts';

export type Restored = ReadBackup & Extracted;

/** Entry that some file systems have at their root. */
const OF_FILE_SYSTEM = 'lost+found';
const MAX_NAMED = 5;

/**
 * Restores a backup into a state directory that is empty or missing. The whole file is read first, so that nothing is written for a torn
 * one. Its files are extracted and checked in a folder inside the state directory, and then moved, the store last. While that folder
 * exists, no daemon starts in the directory.
 */
export async function restoreBackup(file: OpenFile, name: string, state: string, log: Log): Promise<Restored> {
  await refuseOccupied(state);
  const read = await readBackup(file, name);
  await makeFolder(state);
  const staging = path.join(state, RESTORING);
  await makeFolder(staging);
  let extracted: Extracted;
  try {
    extracted = await extractBackup(file, name, staging, log);
  } catch (error) {
    await removeExtracted(staging);
    throw error;
  }
  const names = (await readdir(staging)).filter((entry) => entry !== DATABASE_FILE);
  for (const entry of [...names, DATABASE_FILE]) await rename(path.join(staging, entry), path.join(state, entry));
  await syncFolder(state);
  await rmdir(staging);
  await syncFolder(state);
  return { ...read, ...extracted };
}

/** Rejects with `store.locked` (exit 75) if a daemon uses the directory, and with `restore.occupied` (exit 78) if it is not empty. */
async function refuseOccupied(state: string): Promise<void> {
  const names = await readdir(state).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const found = names.filter((name) => name !== OF_FILE_SYSTEM);
  if (found.length === 0) return;
  // The lock of the store says whether a daemon uses the directory.
  if (found.includes(DATABASE_FILE)) await lockOnce(state);
  const more = found.length > MAX_NAMED ? `, and ${found.length - MAX_NAMED} more` : '';
  throw new BelfryError(
    'restore.occupied',
    `the state directory ${state} is not empty (${found.slice(0, MAX_NAMED).join(', ')}${more}), and a restore replaces nothing; move it away (mv ${state} ${state}.old), or name another one with \`--state\``,
    { exit: EXIT.config },
  );
}

async function lockOnce(state: string): Promise<void> {
  try {
    const copy = await copyStopped(state);
    await copy.end();
    await copy.close();
  } catch (error) {
    // Any other error, such as that of a malformed store, is no reason against moving the directory away.
    if (error instanceof BelfryError && error.exit === EXIT.locked)
      throw new BelfryError(error.code, `a daemon uses the state directory ${state}; stop it first`, {
        exit: EXIT.locked,
      });
  }
}
