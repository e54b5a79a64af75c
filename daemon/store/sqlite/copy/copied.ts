import { openEngine } from '../engine/client.ts';
import { storeError } from '../errors.ts';
import type { Adopted } from './adopt.ts';

/** Checks a copied database file and makes it ready to be used; see `adopt`. Leaves a single file. Rejects with `store.newer` if a later version wrote it. */
export async function adoptCopy(file: string, deadLetters: readonly string[]): Promise<Adopted> {
  const engine = openEngine(file);
  try {
    const reply = await engine.ask({ kind: 'task', task: 'adopt', argument: deadLetters });
    if (reply.ok) return reply.value as Adopted;
    // The message of the engine is not used: its advice is for the store of a daemon.
    if (reply.fault === 'malformed') return { damage: 'it is not a whole SQLite database', notDead: [] };
    throw storeError(reply);
  } finally {
    await engine.close();
  }
}
