import { BelfryError } from '../../../core/problems/failure.ts';
import type { Row } from '../engine/protocol.ts';
import type { SearchResult, SearchStep } from './search.ts';
import type { HistoryQuery, Page } from '../../store.ts';

/** Rows looked at in one turn of the engine, so that commits are not held up. */
const ROWS_A_TURN = 2000;
/** Rows looked at for one page: what is rarer than that comes with the next. */
const ROWS_A_PAGE = 200_000;
const CURSOR = /^(asc|desc)\.(\d{1,16})$/;

/** One page of history, looked for in turns. `keep` may still refuse what the engine has found. */
export async function pageOf<T>(
  what: SearchStep['what'],
  query: HistoryQuery,
  ask: (step: SearchStep) => Promise<SearchResult>,
  read: (row: Row) => T | undefined,
): Promise<Page<T>> {
  const { limit, order, cursor, ...filter } = query;
  const items: T[] = [];
  let from = cursor === undefined ? undefined : placeOf(cursor, order);
  for (let looked = 0; looked < ROWS_A_PAGE; looked += ROWS_A_TURN) {
    const step = { what, filter, order, rows: ROWS_A_TURN, limit: limit - items.length };
    const { rows, next } = await ask({ ...step, ...(from !== undefined && { from }) });
    for (const row of rows) {
      const item = read(row);
      if (item !== undefined) items.push(item);
    }
    if (next === undefined) return { items };
    from = next;
    if (items.length >= limit) break;
  }
  return { items, next: Buffer.from(`${order}.${from}`).toString('base64url') };
}

function placeOf(cursor: string, order: HistoryQuery['order']): number {
  const [, direction, seq] = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1')) ?? [];
  if (seq === undefined)
    throw new BelfryError('history.cursor', 'this is not a cursor; take the one that came with the page before');
  if (direction !== order) throw new BelfryError('history.cursor', `this cursor goes on in the order \`${direction}\``);
  return Number(seq);
}
