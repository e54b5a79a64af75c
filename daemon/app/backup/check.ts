import { constants } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import path from 'node:path';
import { openRegularFile } from '../../lib/files/regular-file.ts';
import { type Log, openLog } from '../../lib/log.ts';
import { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Terminal } from '../../lib/terminal.ts';
import { type Extracted, extractBackup, removeExtracted } from './extract.ts';
import { type ReadBackup, readBackup } from './read.ts';

/** A backup that was checked. */
export type CheckedBackup = ReadBackup & Partial<Extracted>;

/**
 * Checks that a backup is complete and unchanged. If `isDeep`, also extracts it to a folder beside the file and checks that its store can
 * be used. `name` is the name of the file in messages.
 */
export async function checkBackup(file: string, name: string, isDeep: boolean, log: Log): Promise<CheckedBackup> {
  const handle = await openRegularFile(file, constants.O_RDONLY);
  try {
    const read = await readBackup(handle, name);
    if (!isDeep) return read;
    const folder = await mkdtemp(path.join(path.dirname(file), '.belfry-check-'));
    try {
      return { ...read, ...(await extractBackup(handle, name, folder, log)) };
    } finally {
      await removeExtracted(folder);
    }
  } finally {
    await handle.close();
  }
}

/** Log of a command about backups: errors only, to standard error. */
export function commandLog(terminal: Pick<Terminal, 'stderr'>): Log {
  return openLog({ level: 'error', format: 'auto' }, new Scrubber(), terminal.stderr);
}
