import { isObject, parseJson } from '../../core/values/json.ts';
import type { SeenAnswer } from '../../doctor/check.ts';
import type { Store } from '../../store/store.ts';

/** Scopes in the store: answers of persons to test messages by channel, and the time of the last backup. */
const SEEN_SCOPE = 'doctor:seen';
const BACKUP_SCOPE = 'doctor:backup';
const LAST_BACKUP = 'last';

/** Facts for the doctor that outlive a restart. */
export interface StoredFacts {
  readonly seen: ReadonlyMap<string, SeenAnswer>;
  /** Milliseconds since the epoch. */
  readonly lastBackup?: number;
}

export async function readStoredFacts({ checkpoints }: Store): Promise<StoredFacts> {
  const seen = [...(await checkpoints.read(SEEN_SCOPE))].flatMap(([channel, text]) => {
    const answer = parseJson(text);
    return isObject(answer) ? [[channel, answer as unknown as SeenAnswer] as const] : [];
  });
  const last = (await checkpoints.read(BACKUP_SCOPE)).get(LAST_BACKUP);
  return { seen: new Map(seen), ...(last !== undefined && { lastBackup: Number(last) }) };
}

export async function storeAnswer({ checkpoints }: Store, channel: string, seen: boolean, now: number): Promise<void> {
  const answer: SeenAnswer = { seen, at: new Date(now).toISOString() };
  await checkpoints.write(SEEN_SCOPE, [{ key: channel, value: JSON.stringify(answer) }]);
}

/** Stores that a backup was read to its end. An error, such as a full disk, does not fail the backup. */
export async function storeBackupTime({ checkpoints }: Store, now: number): Promise<void> {
  await checkpoints.write(BACKUP_SCOPE, [{ key: LAST_BACKUP, value: String(now) }]).catch(() => undefined);
}
