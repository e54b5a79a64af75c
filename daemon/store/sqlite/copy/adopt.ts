import type { Audit } from '../../store.ts';
import { FACT } from '../../shared/commit/counters.ts';
import type { Connection } from '../engine/connection.ts';
import { SCHEMA_VERSION } from '../engine/schema.ts';
import { STATE } from '../../shared/stored-states.ts';
import { audit, damageOf, stateOf } from '../history/audit.ts';

/** Result of `adopt`. */
export interface Adopted {
  /** Damage in the structure of the file. */
  readonly damage?: string;
  /** Ids of dead letters whose deliveries are not dead in this store. */
  readonly notDead: readonly string[];
  /** Undefined for tables of an earlier version, which the next start migrates. */
  readonly audit?: Audit;
}

/**
 * Makes a copied database ready to be used in place of the original: checks it, and begins a new epoch of pushes, because the
 * numbers after the copy were given to other pushes. `deadLetters` are the ids in the dead-letter file that was copied with it.
 */
export function adopt(db: Connection, schema: number, deadLetters: readonly string[]): Adopted {
  const damage = damageOf(db);
  if (damage !== undefined) return { damage, notDead: [] };
  db.transaction(() => db.statement('DELETE FROM facts WHERE name = ?').run([FACT.epoch]));
  const states = deadLetters.map((id) => [id, stateOf(db, id)] as const);
  const notDead = states.filter(([, state]) => state !== undefined && state !== STATE.dead).map(([id]) => id);
  if (schema !== SCHEMA_VERSION) return { notDead };
  const left = new Set(notDead);
  return {
    notDead,
    audit: audit(
      db,
      deadLetters.filter((id) => !left.has(id)),
    ),
  };
}
