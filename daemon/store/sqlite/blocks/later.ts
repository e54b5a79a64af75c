import type { LaterResult } from '../../../core/flow/decision.ts';
import type { Connection } from '../engine/connection.ts';
import { RowActivity } from './activity-counts.ts';
import { resultTerms } from './terms.ts';

/** Counts a later result. Part of the transaction that stores it. */
export function countLater(db: Connection, result: LaterResult): void {
  const counts = new RowActivity();
  const at = Date.parse(result.at);
  counts.addOutcome(result, at);
  counts.addUses(result, at);
  counts.write(db, at);
}

/** Adds the terms of a later result to the block of its event, if the event is in one already. */
export function indexLater(db: Connection, event: number, result: LaterResult): void {
  const block = db
    .statement('SELECT first, last FROM event_blocks WHERE first <= ? ORDER BY first DESC LIMIT 1')
    .get([event]) as [number, number] | undefined;
  if (block === undefined || block[1] < event) return;
  const insert = db.statement('INSERT OR IGNORE INTO later_terms VALUES (?, ?, ?)');
  for (const term of resultTerms(result)) insert.run([block[0], term, event]);
}
