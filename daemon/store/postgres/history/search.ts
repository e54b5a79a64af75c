import type { Row } from '../../shared/writes.ts';
import { deliveryMatcher, eventMatcher } from '../../shared/history/matches.ts';
import { type HistoryTable, rangeOf, type SearchResult, type SearchStep } from '../../shared/history/search-step.ts';
import type { Database } from '../engine/database.ts';
import { DELIVERY_COLUMNS, deliveryTables, eventColumns } from '../schema/columns.ts';
import { type Conditions, deliveryConditions, eventConditions } from './conditions.ts';
import { Parameters } from './parameters.ts';

/** Rows that the server examines in one step: some tens of milliseconds, for which nobody has to wait. */
const MAX_ROWS = 4000;
/** Bytes of rows that the server examines in one step, besides the first row: an event may have a megabyte. */
const MAX_EXAMINED_BYTES = 32 * 1024 * 1024;
/** Rows of a step that are returned at least, if so many may match. */
const MIN_RETURNED = 100;
/** Bytes of rows that one step returns, besides the first row. */
const MAX_RETURNED_BYTES = 1024 * 1024;

/**
 * Finds the next matching rows in order. The server reads a range of rows and returns those that may match; each of them is compared with
 * the filter in JavaScript, as in every store. A step is one statement, so that its rows are of one time.
 */
export async function search(database: Database, s: string, step: SearchStep): Promise<SearchResult> {
  const parameters = new Parameters();
  const table = TABLES[step.table](s, step, parameters);
  const found = await database.rows(statementOf(table, step, parameters), parameters.values);
  return resultOf(found, table.matches, step, rowsOf(step));
}

interface Table {
  readonly from: string;
  readonly key: string;
  /** SQL: bytes of a row that is returned, and of one that is tested. They are known without reading the texts. */
  readonly size: string;
  readonly testedSize: string;
  readonly columns: string;
  readonly conditions: Conditions;
  readonly matches: (row: Row) => boolean;
}

const EVENT_SIZE = 'octet_length(e.body) + octet_length(e.outcomes)';
const DELIVERY_SIZE = 'octet_length(d.body) + octet_length(d.attempts)';
const OF_EVENT = 'coalesce(octet_length(e.body), 0)';

const TABLES: Readonly<Record<HistoryTable, (s: string, step: SearchStep, parameters: Parameters) => Table>> = {
  events: (s, { filter }, parameters) => ({
    from: `${s}.events e`,
    key: 'e.seq',
    size: EVENT_SIZE,
    testedSize: EVENT_SIZE,
    columns: eventColumns(s),
    conditions: eventConditions(s, filter, parameters),
    matches: eventMatcher(filter),
  }),
  deliveries: (s, { filter, claimed }, parameters) => {
    const conditions = deliveryConditions(s, filter, claimed, parameters);
    const readsEvent = conditions.tests.some((one) => one.includes('e.body'));
    return {
      from: deliveryTables(s),
      key: 'd.seq',
      size: `${DELIVERY_SIZE} + ${OF_EVENT}`,
      // Without the event the server does not look for its row.
      testedSize: readsEvent ? `${DELIVERY_SIZE} + ${OF_EVENT}` : DELIVERY_SIZE,
      columns: DELIVERY_COLUMNS,
      conditions,
      matches: deliveryMatcher(filter, new Set(claimed)),
    };
  },
};

/**
 * `near`: the next rows. `edge`: those of them that one step may examine. `tested`: each of these, with the result of the tests; it is
 * read by its range, which an index serves. `taken`: rows to return. The first columns of the answer (`Counts`) are about the step.
 */
function statementOf(
  { from, key, size, testedSize, columns, conditions }: Table,
  step: SearchStep,
  parameters: Parameters,
): string {
  const { after, before } = rangeOf(step);
  const { order } = step;
  const [last, chosen] = [order === 'asc' ? 'max' : 'min', conditions.rows.map((row) => ` AND ${row}`).join('')];
  const running = `sum(size) OVER (ORDER BY seq ${order}) - size AS before`;
  const rows = parameters.add(rowsOf(step), 'bigint');
  const range = `${key} > ${parameters.add(after, 'bigint')} AND ${key} < ${parameters.add(before, 'bigint')}`;
  return `WITH near AS MATERIALIZED (
      SELECT ${key} AS seq, ${testedSize} AS size FROM ${from} WHERE ${range}${chosen} ORDER BY ${key} ${order} LIMIT ${rows}
    ), edge AS MATERIALIZED (
      SELECT min(seq) AS low, max(seq) AS high, count(*) AS examined, ${last}(seq) AS last
        FROM (SELECT seq, ${running} FROM near) n WHERE n.before < ${MAX_EXAMINED_BYTES}
    ), tested AS MATERIALIZED (
      SELECT ${key} AS seq, ${size} AS size FROM ${from}
        WHERE ${key} >= (SELECT low FROM edge) AND ${key} <= (SELECT high FROM edge)${chosen}
          AND ${['true', ...conditions.tests].join(' AND ')}
    ), taken AS (
      SELECT seq FROM (SELECT seq, ${running} FROM tested) t WHERE t.before < ${MAX_RETURNED_BYTES}
        ORDER BY seq ${order} LIMIT ${parameters.add(returnedOf(step), 'bigint')}
    )
    SELECT (SELECT count(*) FROM near), edge.examined, edge.last, (SELECT count(*) FROM tested), found.*
      FROM edge LEFT JOIN (SELECT row_.* FROM taken,
        LATERAL (SELECT ${columns} FROM ${from} WHERE ${key} = taken.seq OFFSET 0) row_) found ON true
      ORDER BY found.seq ${order}`;
}

const isAll = ({ filter }: SearchStep): boolean => Object.values(filter).every((value) => value === undefined);

/** Rows to examine. Without a condition the first rows match. */
function rowsOf(step: SearchStep): number {
  const most = Math.min(step.rows, MAX_ROWS);
  return isAll(step) ? Math.min(most, step.limit) : most;
}

/** Rows to return. More than asked for, because some of them may not match. */
const returnedOf = (step: SearchStep): number => (isAll(step) ? step.limit : Math.max(step.limit, MIN_RETURNED));

/** Numbers about a step: rows that are near, rows that were examined, the last of these, and how many of them may match. */
type Counts = readonly [near: number, examined: number, last: number | null, mayMatch: number];
const COUNTS = 4;

/** The rows that match, and the row from which the next step goes on. */
function resultOf(
  found: readonly Row[],
  matches: Table['matches'],
  { limit }: SearchStep,
  wanted: number,
): SearchResult {
  const [near, examined, last, mayMatch] = found[0] as unknown as Counts;
  if (last === null) return { rows: [], examined };
  const rows = mayMatch === 0 ? [] : found.map((row) => row.slice(COUNTS));
  const matching = rows.filter(matches);
  const kept = matching.slice(0, limit);
  if (kept.length < matching.length) return { rows: kept, examined: rows.length, next: Number(kept.at(-1)![0]) };
  if (rows.length < mayMatch) return { rows: kept, examined: rows.length, next: Number(rows.at(-1)![0]) };
  const isEnd = near < wanted && examined === near;
  return { rows: kept, examined, ...(!isEnd && { next: last }) };
}
