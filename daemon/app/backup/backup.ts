import { BelfryError } from '../../core/problems/failure.ts';
import type { DeadLetters } from '../../delivery/dead-letters/dead-letters.ts';
import { type DeadLetterSnapshot, snapshotDeadLetters } from '../../delivery/dead-letters/snapshot.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { copyStopped, type StoppedCopy } from '../../store/sqlite/copy/copier.ts';
import type { Store, StoreCopy } from '../../store/store.ts';
import type { StatePaths } from '../state/paths.ts';
import { ArchiveWriter, FORMAT, FORMAT_VERSION } from './archive.ts';
import { type SmallFile, SmallFiles } from './small-files.ts';

export interface BackupDeps {
  readonly paths: Pick<StatePaths, 'state' | 'deadLetters'>;
  readonly version: string;
  readonly clock: Clock;
}

/** The store and the dead letters as they are at one snapshot. */
interface Snapshot {
  readonly copy: StoreCopy;
  readonly letters: DeadLetterSnapshot | undefined;
  close(): Promise<void>;
}

/** Backup of a running daemon, as blocks of an archive. The copy ends when the caller stops reading. */
export function backupOf(
  deps: BackupDeps & { readonly store: Store; readonly deadLetters: DeadLetters },
): AsyncGenerator<Buffer> {
  const { store, deadLetters } = deps;
  return archiveOf(deps, () =>
    // The dead-letter file does not change until the copy of the store has begun: a record is written before its delivery is
    // stored as dead, and leaves the file after the delivery is stored as delivered. So no dead delivery of the copy lacks its record.
    deadLetters.snapshot(async (letters) => {
      try {
        return snapshotOf(await store.copy(), letters);
      } catch (error) {
        await letters?.close();
        throw error;
      }
    }),
  );
}

/** Backup of a state directory that no daemon uses. Rejects with `store.locked` (exit 75) if one does. */
export function backupStopped(deps: BackupDeps): AsyncGenerator<Buffer> {
  return archiveOf(deps, async () => {
    const { state, deadLetters } = deps.paths;
    const copy: StoppedCopy = await copyStopped(state);
    try {
      return snapshotOf(copy, await snapshotDeadLetters(deadLetters), () => copy.close());
    } catch (error) {
      await copy.close();
      throw error;
    }
  });
}

function snapshotOf(copy: StoreCopy, letters: DeadLetterSnapshot | undefined, release?: () => Promise<void>): Snapshot {
  return {
    copy,
    letters,
    async close() {
      await letters?.close();
      await release?.();
    },
  };
}

async function* archiveOf(deps: BackupDeps, begin: () => Promise<Snapshot>): AsyncGenerator<Buffer> {
  const { paths, version, clock } = deps;
  const now = clock.now();
  const archive = new ArchiveWriter(now);
  const small = new SmallFiles(paths.state);
  // The inbox is read before the store is copied: an event that leaves it meanwhile is then in the store, and known there by its id.
  const inbox: SmallFile[] = [];
  for await (const file of small.inbox()) inbox.push(file);
  const snapshot = await begin();
  let isEnded = false;
  try {
    const head = { format: FORMAT, version: FORMAT_VERSION, belfry: version, state: paths.state };
    yield archive.head({ ...head, created_at: new Date(now).toISOString() });
    for (const file of snapshot.copy.files) yield* archive.add(file.name, file.size, file.blocks());
    isEnded = true;
    if (!(await snapshot.copy.end())) throw outrun();
    for (const { name, content } of inbox) yield archive.whole(name, content);
    const { letters } = snapshot;
    if (letters !== undefined) yield* archive.add('dead-letters.jsonl', letters.size, letters.blocks());
  } finally {
    if (!isEnded) await snapshot.copy.end();
    await snapshot.close();
  }
  for await (const { name, content } of small.others()) yield archive.whole(name, content);
  yield archive.end({ schema: snapshot.copy.schema, left_out: small.leftOut });
}

function outrun(): BelfryError {
  return new BelfryError(
    'backup.outrun',
    'the store could not wait for the end of the copy (the disk is full, or the backup was read too slowly); write it to a faster place, or try again later',
  );
}
