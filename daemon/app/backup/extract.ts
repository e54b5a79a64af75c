import { open, type FileHandle, rm } from 'node:fs/promises';
import path from 'node:path';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { openDeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import { makeFolder } from '../../lib/files/make-folder.ts';
import { syncFolder } from '../../lib/files/atomic-file.ts';
import type { Log } from '../../lib/log.ts';
import { Scrubber } from '../../lib/secrets/scrubber.ts';
import { adoptCopy } from '../../store/sqlite/copy/copied.ts';
import { DATABASE_FILE } from '../../store/sqlite/disk/files.ts';
import type { Audit } from '../../store/store.ts';
import { type MemberSink, type OpenFile, readBackup } from './read.ts';

/** Result of `extractBackup`. */
export interface Extracted {
  /** Dead letters whose deliveries had not ended, or had been resent, when the store was copied; they are removed from the file. */
  readonly reopened: number;
  /** Undefined for a store of an earlier version, which the next start migrates. */
  readonly audit: Audit | undefined;
}

const OWNER_ONLY = 0o600;

/**
 * Writes the files of a backup to an empty folder, durably, and checks the store. The state in the folder is then as a daemon leaves it
 * at a stop. Rejects with `backup.damaged` or with `store.newer` (exit 78).
 */
export async function extractBackup(file: OpenFile, name: string, folder: string, log: Log): Promise<Extracted> {
  const folders = new Set([folder]);
  await readBackup(file, name, async (member) => {
    const target = path.join(folder, member);
    folders.add(path.dirname(target));
    await makeFolder(path.dirname(target));
    return sinkOf(await open(target, 'wx', OWNER_ONLY));
  });
  const extracted = await adoptState(folder, name, log);
  for (const made of folders) await syncFolder(made);
  return extracted;
}

function sinkOf(handle: FileHandle): MemberSink {
  return {
    write: (block) => handle.writeFile(block),
    async end() {
      await handle.sync();
      await handle.close();
    },
  };
}

/**
 * Makes the store and the dead letters agree. A record is written before its delivery is stored as dead, and removed after its delivery
 * is stored as delivered. So the file may have a few records more than the store has dead deliveries; the store decides.
 */
async function adoptState(folder: string, name: string, log: Log): Promise<Extracted> {
  const deadLetters = await openDeadLetters({
    path: path.join(folder, 'dead-letters.jsonl'),
    scrubber: new Scrubber(),
    log,
  });
  try {
    const ids: string[] = [];
    for await (const line of deadLetters.read()) if ('record' in line) ids.push(line.record.id);
    const { damage, notDead, audit } = await adoptCopy(path.join(folder, DATABASE_FILE), ids);
    if (damage !== undefined)
      throw new BelfryError(
        'backup.damaged',
        `${name}: ${DATABASE_FILE} in it is malformed: ${damage}; use an earlier backup`,
        {
          exit: EXIT.failed,
        },
      );
    await deadLetters.change(new Map(notDead.map((id) => [id, null])));
    return { reopened: notDead.length, audit };
  } finally {
    await deadLetters.close();
  }
}

/** Removes a folder of an extracted backup. */
export async function removeExtracted(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
