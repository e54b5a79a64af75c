import type { HistoryFilter } from '../../store.ts';
import { seqOfTime } from '../keys.ts';
import type { Row } from '../writes.ts';

/** Tables that a search reads. */
export type HistoryTable = 'events' | 'deliveries';

/** One step of a search: examines `rows` rows at most, or as many as the database may read at once, and returns at most `limit` of them. */
export interface SearchStep {
  readonly table: HistoryTable;
  readonly filter: HistoryFilter;
  readonly order: 'asc' | 'desc';
  /** Row number to go on from, exclusive; absent in the first step. */
  readonly from?: number;
  readonly rows: number;
  readonly limit: number;
  /** Rows of deliveries that are claimed now. */
  readonly claimed: readonly number[];
}

export interface SearchResult {
  readonly rows: readonly Row[];
  /** Row from which the next step goes on; absent after the last one. */
  readonly next?: number;
  /** Number of rows that were read and compared with the filter. */
  readonly examined: number;
}

/** Tolerance for rows with numbers ahead of their time, after a clock was set back. Milliseconds. */
const CLOCK_TOLERANCE_MS = 3_600_000;

/** Row numbers between two bounds, both exclusive. */
export interface SeqRange {
  readonly after: number;
  readonly before: number;
}

/** Rows that a step of a search may return. */
export function rangeOf({ filter: { since, until }, order, from }: SearchStep): SeqRange {
  const low = since === undefined ? 0 : seqOfTime(since - CLOCK_TOLERANCE_MS) - 1;
  const high = until === undefined ? Number.MAX_SAFE_INTEGER : seqOfTime(until + CLOCK_TOLERANCE_MS);
  return order === 'asc'
    ? { after: Math.max(low, from ?? 0), before: high }
    : { after: low, before: Math.min(high, from ?? high) };
}
