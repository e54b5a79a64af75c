import { compileGlob } from '../../../core/match/glob.ts';
import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import type { Delivery } from '../../../core/delivery/delivery.ts';
import type { Event } from '../../../core/event/event.ts';
import { seqOfTime, timeOfSeq } from '../engine/keys.ts';
import type { Row } from '../engine/protocol.ts';
import { FIRST_ENDED, STATE } from '../engine/schema.ts';
import type { Connection } from '../engine/connection.ts';
import { DELIVERY_COLUMNS, DELIVERY_TABLES, EVENT_COLUMNS } from '../engine/statements.ts';
import type { HistoryFilter } from '../../store.ts';

/** One step of looking through history: at most `rows` rows from `from` on, `limit` of which may be found. */
export interface SearchStep {
  readonly what: 'events' | 'deliveries';
  readonly filter: HistoryFilter;
  readonly order: 'asc' | 'desc';
  /** The row number to go on from, itself not included; absent: from the beginning. */
  readonly from?: number;
  readonly rows: number;
  readonly limit: number;
}

export interface SearchResult {
  readonly rows: readonly Row[];
  /** The last row that was looked at; absent when there are no more. */
  readonly next?: number;
}

/** A clock that was set back leaves rows with numbers ahead of their time. */
const SLACK = 3_600_000;

/** Looks at some rows; what does not fit is passed over. Filters read the JSON as it is stored, so nothing in it can hurt SQL. */
export function search(db: Connection, step: SearchStep): SearchResult {
  const { filter, order, from, rows, limit } = step;
  const low = filter.since === undefined ? 0 : seqOfTime(filter.since) - 1;
  const high = filter.until === undefined ? Number.MAX_SAFE_INTEGER : seqOfTime(filter.until + SLACK);
  const [after, before] = order === 'asc' ? [Math.max(low, from ?? 0), high] : [low, Math.min(high, from ?? high)];
  const scan = SCANS[step.what];
  const sql = `${scan.sql} > ? AND ${scan.key} < ? ORDER BY ${scan.key} ${order} LIMIT ?`;
  const found = db.statement(sql).all([after, before, rows]) as Row[];
  const fits = scan.test(filter);
  const matching: Row[] = [];
  for (const row of found) {
    if (!fits(row)) continue;
    matching.push(row);
    if (matching.length === limit) return { rows: matching.map((one) => scan.whole(db, one)), next: Number(row[0]) };
  }
  const last = found.at(-1);
  const more = found.length === rows && last !== undefined;
  return { rows: matching.map((one) => scan.whole(db, one)), ...(more && { next: Number(last[0]) }) };
}

interface Scan {
  readonly sql: string;
  readonly key: string;
  test(filter: HistoryFilter): (row: Row) => boolean;
  /** The row with everything that belongs to it. */
  whole(db: Connection, row: Row): Row;
}

const SCANS: Readonly<Record<SearchStep['what'], Scan>> = {
  events: {
    sql: 'SELECT e.seq, e.at, e.body, e.outcomes FROM events e WHERE e.seq',
    key: 'e.seq',
    test: testEvent,
    whole: (db, [seq]) => db.statement(`SELECT ${EVENT_COLUMNS} FROM events e WHERE e.seq = ?`).all([seq])[0] as Row,
  },
  deliveries: {
    sql: `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERY_TABLES} WHERE d.seq`,
    key: 'd.seq',
    test: testDelivery,
    whole: (_, row) => row,
  },
};

type Test = (value: string) => boolean;

function testEvent(filter: HistoryFilter): (row: Row) => boolean {
  const { since = 0, until = Number.POSITIVE_INFINITY, rule, outcome, key } = filter;
  const text = textTest(filter.text);
  const about = eventTest(filter);
  return (row) => {
    const [, at, body, outcomes] = row as [number, number, string, string];
    if (at < since || at >= until || !text(body)) return false;
    if (rule === undefined && outcome === undefined && key === undefined) return about(body);
    const results = JSON.parse(outcomes) as (RuleResult | LaterResult)[];
    const fits = results.some(
      (result) =>
        (rule === undefined || result.rule === rule) &&
        (outcome === undefined || result.outcome === outcome) &&
        (key === undefined || result.key === key),
    );
    // What no rule wanted has no results.
    return (
      (fits || (outcome === 'no_match' && rule === undefined && key === undefined && results.length === 0)) &&
      about(body)
    );
  };
}

/** Of the event itself: source, type. */
function eventTest({ source, type, event: id }: HistoryFilter): Test {
  if (source === undefined && type === undefined && id === undefined) return () => true;
  const isType =
    type === undefined ? () => true : type.includes('*') ? compileGlob(type) : (name: string) => name === type;
  return (body) => {
    const event = JSON.parse(body) as Event;
    return (
      (source === undefined || event.source === source) && (id === undefined || event.id === id) && isType(event.type)
    );
  };
}

function testDelivery(filter: HistoryFilter): (row: Row) => boolean {
  const { since = 0, until = Number.POSITIVE_INFINITY, rule, key, channel, states } = filter;
  const text = textTest(filter.text);
  const about = eventTest(filter);
  return (row) => {
    const [seq, state, , body, , , , theirs] = row as [
      number,
      number,
      number,
      string,
      string,
      unknown,
      unknown,
      string | null,
    ];
    if (timeOfSeq(seq) < since - SLACK || (states !== undefined && !states.some((name) => CODES[name]!(state))))
      return false;
    const delivery = JSON.parse(body) as Omit<Delivery, 'attempts'>;
    if (delivery.createdAt < since || delivery.createdAt >= until) return false;
    if (rule !== undefined && delivery.rule !== rule) return false;
    if (key !== undefined && delivery.key !== key) return false;
    if (channel !== undefined && delivery.channel !== channel) return false;
    const event = theirs ?? JSON.stringify(delivery.event ?? {});
    return (text(body) || text(event)) && about(event);
  };
}

/** What is stored under the name of each state; what is claimed is not known here. */
const CODES: Readonly<Record<string, (code: number) => boolean>> = {
  pending: (code) => code < STATE.sending,
  sending: (code) => code < FIRST_ENDED,
  delivered: (code) => code === STATE.delivered,
  dead: (code) => code === STATE.dead,
  cancelled: (code) => code === STATE.cancelled,
};

/** A part of any text in it, in upper or lower case; not of the names of its fields alone. */
function textTest(text: string | undefined): Test {
  if (text === undefined || text === '') return () => true;
  const wanted = text.toLowerCase();
  const quick = JSON.stringify(wanted).slice(1, -1);
  return (body) => body.toLowerCase().includes(quick) && holdsText(JSON.parse(body), wanted);
}

function holdsText(value: unknown, wanted: string): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some((item) => holdsText(item, wanted));
  return (
    value !== null &&
    String(value as string | number | boolean)
      .toLowerCase()
      .includes(wanted)
  );
}
