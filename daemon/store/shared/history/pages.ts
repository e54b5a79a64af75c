import { BelfryError } from '../../../core/problems/failure.ts';
import type { HistoryQuery, LatestEvents, Page, StoredEvent } from '../../store.ts';
import { seqOfTime } from '../keys.ts';
import { charsOf, type Queries, type Row } from '../writes.ts';
import { eventOfRow, storedEventOf } from '../rows.ts';
import type { SearchResult, SearchStep } from './search-step.ts';

/** Rows examined for one page; further matches come with the next page. */
const MAX_ROWS_PER_PAGE = 20_000;
/** Characters of the rows of one page, to bound memory: an event may have a megabyte. */
const MAX_CHARS_PER_PAGE = 8 * 1024 * 1024;
const CURSOR = /^(asc|desc)\.(\d{1,16})$/;

/** Searches one page of history in several steps. `read` may reject a row that the engine has found. */
export async function pageOf<T>(
  table: SearchStep['table'],
  query: HistoryQuery,
  search: (step: Omit<SearchStep, 'claimed'>) => Promise<SearchResult>,
  read: (row: Row) => T | undefined,
): Promise<Page<T>> {
  const { limit, order, cursor, ...filter } = query;
  const items: T[] = [];
  let from = cursor === undefined ? undefined : seqOfCursor(cursor, order);
  let chars = 0;
  for (let examined = 0; examined < MAX_ROWS_PER_PAGE && chars < MAX_CHARS_PER_PAGE; ) {
    const step = { table, filter, order, rows: MAX_ROWS_PER_PAGE - examined, limit: limit - items.length };
    const found = await search({ ...step, ...(from !== undefined && { from }) });
    for (const row of found.rows) {
      chars += charsOf(row);
      const item = read(row);
      if (item !== undefined) items.push(item);
    }
    if (found.next === undefined) return { items };
    from = found.next;
    examined += found.examined;
    if (items.length >= limit) break;
  }
  return { items, next: Buffer.from(`${order}.${from}`).toString('base64url') };
}

function seqOfCursor(cursor: string, order: HistoryQuery['order']): number {
  const [, direction, seq] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (seq === undefined)
    throw new BelfryError('history.cursor', 'this is not a cursor; use the one of the page before');
  if (direction !== order) throw new BelfryError('history.cursor', `this cursor goes on in the order \`${direction}\``);
  return Number(seq);
}

/** Events of one query of `latestEvents`. */
const LATEST_ROWS = 200;
/** Characters of events after which `latestEvents` stops, to bound memory. */
const MAX_LATEST_CHARS = 4 * 1024 * 1024;

/** The latest events, newest first. Large events are left out by the query. */
export async function latestEvents(
  queries: Queries,
  { since, limit }: { readonly since: number; readonly limit: number },
): Promise<LatestEvents> {
  const events: StoredEvent[] = [];
  let before = Number.MAX_SAFE_INTEGER;
  let size = 0;
  while (events.length < limit && size < MAX_LATEST_CHARS) {
    const wanted = Math.min(LATEST_ROWS, limit - events.length);
    const rows = await queries.rows('eventsBefore', before, seqOfTime(since), wanted);
    for (const row of rows) {
      size += String(row[2]).length + String(row[3]).length;
      const event = eventOfRow(row);
      before = event.seq;
      // Row numbers follow the ids, which may be ahead of the clock.
      if (event.receivedAt >= since) events.push(storedEventOf(event));
    }
    if (rows.length < wanted) return { events, isComplete: true };
  }
  return { events, isComplete: false };
}
