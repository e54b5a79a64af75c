import type { Connection } from '../engine/connection.ts';

/** Names are filed when there are so many. */
export const FILED_AT_ONCE = 1024;

/**
 * Files the names of events by their hashes, where they are found by. Hashes lie anywhere, so that a name filed by itself writes a
 * page of its own; a new one is only noted after the one before, and many are filed together. Part of a transaction.
 */
export function fileNames(db: Connection): void {
  db.statement(
    'INSERT OR IGNORE INTO event_names SELECT id_hash, source_hash, event FROM new_names ORDER BY 1, 2, 3',
  ).run([]);
  db.statement('DELETE FROM new_names').run([]);
}
