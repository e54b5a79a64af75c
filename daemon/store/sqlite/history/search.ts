import { containsText } from '../../../core/values/contains-text.ts';
import { compileGlob } from '../../../core/match/glob.ts';
import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import type { Attempt, Delivery } from '../../../core/delivery/delivery.ts';
import type { Event } from '../../../core/event/event.ts';
import { seqOfTime, timeOfSeq } from '../engine/keys.ts';
import type { Row } from '../engine/protocol.ts';
import { FIRST_FINAL, STATE } from '../engine/schema.ts';
import type { Connection } from '../engine/connection.ts';
import { DELIVERY_COLUMNS, DELIVERY_TABLES, EVENT_COLUMNS } from '../engine/statements.ts';
import type { HistoryFilter, StoredDelivery } from '../../store.ts';

/** One step of a search: examines at most `rows` rows and returns at most `limit` of them. */
export interface SearchStep {
  readonly table: 'events' | 'deliveries';
  readonly filter: HistoryFilter;
  readonly order: 'asc' | 'desc';
  /** Row number to go on from, exclusive; absent in the first step. */
  readonly from?: number;
  readonly rows: number;
  readonly limit: number;
}

export interface SearchResult {
  readonly rows: readonly Row[];
  /** Last row that was examined; absent after the last one. */
  readonly next?: number;
}

/** Tolerance for rows with numbers ahead of their time, after a clock was set back. Milliseconds. */
const CLOCK_TOLERANCE_MS = 3_600_000;

/** Examines the next rows in order. Filters run on the stored JSON in JavaScript, so that no text of a user becomes SQL. */
export function search(db: Connection, step: SearchStep): SearchResult {
  const { filter, order, from, rows, limit } = step;
  const low = filter.since === undefined ? 0 : seqOfTime(filter.since) - 1;
  const high = filter.until === undefined ? Number.MAX_SAFE_INTEGER : seqOfTime(filter.until + CLOCK_TOLERANCE_MS);
  const [after, before] = order === 'asc' ? [Math.max(low, from ?? 0), high] : [low, Math.min(high, from ?? high)];
  const scan = SCANS[step.table];
  const sql = `${scan.sql} > ? AND ${scan.key} < ? ORDER BY ${scan.key} ${order} LIMIT ?`;
  const found = db.statement(sql).all([after, before, rows]) as Row[];
  const matches = scan.test(filter);
  const matching: Row[] = [];
  for (const row of found) {
    if (!matches(row)) continue;
    matching.push(row);
    if (matching.length === limit) return { rows: matching.map((one) => scan.complete(db, one)), next: Number(row[0]) };
  }
  const last = found.at(-1);
  const more = found.length === rows && last !== undefined;
  return { rows: matching.map((one) => scan.complete(db, one)), ...(more && { next: Number(last[0]) }) };
}

interface Scan {
  readonly sql: string;
  readonly key: string;
  test(filter: HistoryFilter): (row: Row) => boolean;
  /** The row with all columns. */
  complete(db: Connection, row: Row): Row;
}

const SCANS: Readonly<Record<SearchStep['table'], Scan>> = {
  events: {
    sql: 'SELECT e.seq, e.at, e.body, e.outcomes FROM events e WHERE e.seq',
    key: 'e.seq',
    test: testEvent,
    complete: (db, [seq]) => db.statement(`SELECT ${EVENT_COLUMNS} FROM events e WHERE e.seq = ?`).all([seq])[0] as Row,
  },
  deliveries: {
    sql: `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERY_TABLES} WHERE d.seq`,
    key: 'd.seq',
    test: testDelivery,
    complete: (_, row) => row,
  },
};

type Test = (value: string) => boolean;

function testEvent(filter: HistoryFilter): (row: Row) => boolean {
  const { since = 0, until = Number.POSITIVE_INFINITY, rule, outcome, key } = filter;
  const text = textTest(filter.text);
  const isEvent = eventTest(filter);
  return (row) => {
    const [, at, body, outcomes] = row as [number, number, string, string];
    if (at < since || at >= until || !text(body)) return false;
    if (rule === undefined && outcome === undefined && key === undefined) return isEvent(body);
    const results = JSON.parse(outcomes) as (RuleResult | LaterResult)[];
    const isMatch = results.some(
      (result) =>
        (rule === undefined || result.rule === rule) &&
        (outcome === undefined || result.outcome === outcome) &&
        (key === undefined || result.key === key),
    );
    // An event that no rule matched has no results.
    return (
      (isMatch || (outcome === 'no_match' && rule === undefined && key === undefined && results.length === 0)) &&
      isEvent(body)
    );
  };
}

/** Conditions on the event itself: source, type, id. */
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
  const failed = failureTest(filter);
  const isEvent = eventTest(filter);
  return (row) => {
    const [seq, state, , body, attempts, , error, eventBody] = row as [
      number,
      number,
      number,
      string,
      string,
      unknown,
      string | null,
      string | null,
    ];
    if (
      timeOfSeq(seq) < since - CLOCK_TOLERANCE_MS ||
      (states !== undefined && !states.some((name) => MATCHES_STATE[name]!(state))) ||
      !failed(attempts, error)
    )
      return false;
    const delivery = JSON.parse(body) as Omit<Delivery, 'attempts'>;
    if (delivery.createdAt < since || delivery.createdAt >= until) return false;
    if (rule !== undefined && delivery.rule !== rule) return false;
    if (key !== undefined && delivery.key !== key) return false;
    if (channel !== undefined && delivery.channel !== channel) return false;
    const event = eventBody ?? JSON.stringify(delivery.event ?? {});
    return (text(body) || text(event)) && isEvent(event);
  };
}

/** Conditions on the last attempt and the death. */
function failureTest({
  class: wanted,
  code,
}: HistoryFilter): (attemptsJson: string, errorJson: string | null) => boolean {
  if (wanted === undefined && code === undefined) return () => true;
  return (attemptsJson, errorJson) => {
    const last = (JSON.parse(attemptsJson) as Attempt[]).at(-1);
    const error = errorJson === null ? undefined : (JSON.parse(errorJson) as NonNullable<StoredDelivery['error']>);
    return (
      (wanted === undefined || last?.class === wanted || error?.class === wanted) &&
      (code === undefined || last?.code === code || error?.code === code)
    );
  };
}

/** Stored states that match a state of the contract. Claims are only known in memory, so `sending` includes pending rows. */
const MATCHES_STATE: Readonly<Record<string, (code: number) => boolean>> = {
  pending: (code) => code < STATE.sending,
  sending: (code) => code < FIRST_FINAL,
  delivered: (code) => code === STATE.delivered,
  dead: (code) => code === STATE.dead,
  cancelled: (code) => code === STATE.cancelled,
};

/** Matches part of any text value in a JSON document, in upper or lower case, but not the names of fields. */
function textTest(text: string | undefined): Test {
  if (text === undefined || text === '') return () => true;
  const wanted = text.toLowerCase();
  const quick = JSON.stringify(wanted).slice(1, -1);
  return (body) => body.toLowerCase().includes(quick) && containsText(JSON.parse(body), wanted);
}
