import { charsOf, type Row } from '../../shared/writes.ts';
import type { Connection } from '../engine/connection.ts';
import { DELIVERY_COLUMNS, DELIVERY_TABLES, EVENT_COLUMNS } from '../engine/statements.ts';
import { indexedUntil } from '../blocks/build.ts';
import { BlockSearch } from '../blocks/lookup.ts';
import { deliveryMatcher, eventMatcher } from '../../shared/history/matches.ts';
import {
  type HistoryTable,
  rangeOf,
  type SearchResult,
  type SearchStep,
  type SeqRange,
} from '../../shared/history/search-step.ts';

/** Blocks of the index that one step looks at. */
const MAX_BLOCKS = 64;
/** Characters of rows after which a step ends, so that a commit waits for one large event at most. */
const MAX_CHARS = 512 * 1024;

/**
 * Finds the next matching rows in order. Blocks of the index name the rows that may match; rows that are not in a block yet are all
 * read. Each row is compared with the filter in JavaScript, so that no text of a user becomes SQL.
 */
export function search(db: Connection, step: SearchStep): SearchResult {
  const range = rangeOf(step);
  const indexed = indexedUntil(db, step.table);
  const reader = new RowReader(db, step);
  const newer = { after: Math.max(range.after, indexed), before: range.before };
  const older = { after: range.after, before: Math.min(range.before, indexed + 1) };
  const parts = [() => reader.scan(newer), () => searchBlocks(db, step, older, reader)];
  if (step.order === 'asc') parts.reverse();
  for (const part of parts) {
    const next = part();
    if (next !== undefined) return reader.result(next);
  }
  return reader.result();
}

/** Searches the blocks of a range. Returns the row to go on from when the step ends before the range does. */
function searchBlocks(db: Connection, step: SearchStep, range: SeqRange, reader: RowReader): number | undefined {
  const blocks = new BlockSearch(db, step);
  let looked = 0;
  for (const block of blocks.in(range)) {
    const ends = step.order === 'asc' ? block.last : block.first;
    const within = { after: Math.max(range.after, block.first - 1), before: Math.min(range.before, block.last + 1) };
    const candidates = blocks.candidates(block);
    const next = candidates === 'all' ? reader.scan(within) : reader.read(candidates, within);
    if (next !== undefined) return next;
    looked += 1;
    if (looked === MAX_BLOCKS) return ends;
  }
  return undefined;
}

/** Rows of one query of a scan. */
const ROWS_AT_ONCE = 100;

/** Reads rows, keeps those that match, and knows when the step has to end. */
class RowReader {
  readonly #db: Connection;
  readonly #step: SearchStep;
  readonly #matches: (row: Row) => boolean;
  readonly #found: Row[] = [];
  #examined = 0;
  #chars = 0;

  constructor(db: Connection, step: SearchStep) {
    this.#db = db;
    this.#step = step;
    this.#matches =
      step.table === 'events' ? eventMatcher(step.filter) : deliveryMatcher(step.filter, new Set(step.claimed));
  }

  /**
   * Reads the rows of a range, a few at once. Returns the row to go on from when the step has to end. Each query is read to its end:
   * a statement that stays open keeps the write-ahead log from being copied, and it grows without bound.
   */
  scan({ after, before }: SeqRange): number | undefined {
    const { table, order } = this.#step;
    const { select, key } = READS[table];
    const sql = `${select} ${key} > ? AND ${key} < ? ORDER BY ${key} ${order} LIMIT ${ROWS_AT_ONCE}`;
    for (let left = { after, before }; left.after < left.before - 1; ) {
      const rows = this.#db.statement(sql).all([left.after, left.before]) as Row[];
      for (const row of rows) if (this.#isLast(row)) return Number(row[0]);
      if (rows.length < ROWS_AT_ONCE) return undefined;
      const seq = Number(rows.at(-1)![0]);
      left = order === 'asc' ? { after: seq, before } : { after, before: seq };
    }
    return undefined;
  }

  /** Reads rows by their numbers, which are in ascending order. */
  read(seqs: readonly number[], { after, before }: SeqRange): number | undefined {
    const { table, order } = this.#step;
    const { select, key } = READS[table];
    const statement = this.#db.statement(`${select} ${key} = ?`);
    for (const seq of order === 'asc' ? seqs : seqs.toReversed()) {
      if (seq <= after || seq >= before) continue;
      const row = statement.all([seq])[0] as Row | undefined;
      if (row !== undefined && this.#isLast(row)) return seq;
    }
    return undefined;
  }

  /** Examines a row; returns whether the step ends with it. */
  #isLast(row: Row): boolean {
    this.#examined += 1;
    this.#chars += charsOf(row);
    if (this.#matches(row)) this.#found.push(row);
    const { rows, limit } = this.#step;
    return this.#found.length === limit || this.#examined >= rows || this.#chars >= MAX_CHARS;
  }

  result(next?: number): SearchResult {
    const { complete } = READS[this.#step.table];
    return {
      rows: this.#found.map((row) => complete(this.#db, row)),
      examined: this.#examined,
      ...(next !== undefined && { next }),
    };
  }
}

interface TableReads {
  /** Ends with `WHERE`. */
  readonly select: string;
  readonly key: string;
  /** The row with all columns. */
  readonly complete: (db: Connection, row: Row) => Row;
}

const READS: Readonly<Record<HistoryTable, TableReads>> = {
  events: {
    select: 'SELECT e.seq, e.at, e.body, e.outcomes FROM events e WHERE',
    key: 'e.seq',
    complete: (db, [seq]) => db.statement(`SELECT ${EVENT_COLUMNS} FROM events e WHERE e.seq = ?`).all([seq])[0] as Row,
  },
  deliveries: {
    select: `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERY_TABLES} WHERE`,
    key: 'd.seq',
    complete: (_, row) => row,
  },
};
