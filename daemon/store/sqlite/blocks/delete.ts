import type { Connection } from '../engine/connection.ts';
import type { HistoryTable } from '../../shared/history/search-step.ts';
import { BLOCKS } from './build.ts';

/** Deletes the blocks between two rows of which no row is left. Part of the transaction that deletes the rows. */
export function deleteEmptyBlocks(db: Connection, table: HistoryTable, from: number, to: number): void {
  const blocks = BLOCKS[table];
  const empty = db
    .statement(
      `SELECT first FROM ${blocks} b WHERE first BETWEEN coalesce((SELECT max(first) FROM ${blocks} WHERE first <= ?1), ?1) AND ?2
        AND NOT EXISTS (SELECT 1 FROM ${table} r WHERE r.seq BETWEEN b.first AND b.last)`,
    )
    .all([from, to]) as [number][];
  for (const [first] of empty) {
    db.statement(`DELETE FROM ${blocks} WHERE first = ?`).run([first]);
    if (table === 'events') db.statement('DELETE FROM later_terms WHERE block = ?').run([first]);
  }
}

/** Deletes the blocks of deliveries from a row on, so that they are built again. */
export function deleteBlocksFrom(db: Connection, seq: number): void {
  db.statement(`DELETE FROM ${BLOCKS.deliveries} WHERE last >= ?`).run([seq]);
}
