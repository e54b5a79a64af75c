import type { Connection } from '../engine/connection.ts';

/** Rows of `new_names` from which on they are merged. */
export const MERGE_AT = 1024;

/**
 * Moves the ids of new events from `new_names` into `event_names`. Part of a transaction.
 *
 * `event_names` is sorted by hash, so each inserted id writes another page. New ids are therefore appended to `new_names`
 * and merged a thousand at a time, in sorted order, as in an LSM tree. Without this an event costs a fifth more CPU.
 */
export function mergeNewNames(db: Connection): void {
  db.statement(
    'INSERT OR IGNORE INTO event_names SELECT id_hash, source_hash, event FROM new_names ORDER BY 1, 2, 3',
  ).run([]);
  db.statement('DELETE FROM new_names').run([]);
}
