import type { Event } from '../../../core/event/event.ts';
import { eventHead, HEAD_CHARS } from '../../shared/history/head.ts';
import { hashOf, seqOfId, seqOfTime, toColumn } from '../../shared/keys.ts';
import { FIRST_FINAL, STATE } from '../../shared/stored-states.ts';
import type { Row } from '../../shared/writes.ts';
import type { Database } from '../engine/database.ts';
import { deliveryId, seqsOf } from '../schema/columns.ts';
import { deliveryBytes, eventBytes, usedBytes } from './used-bytes.ts';

/** Events of one transaction. */
const BATCH_EVENTS = 200;
/** Deliveries without an event, and Idempotency-Keys, of one transaction. */
const BATCH_ROWS = 1000;
/** Time after the history for which last uses are kept: a year. */
const USES_KEPT_MS = 365 * 86_400_000;
/** Time for which outcomes by hour are kept: two days and the hour that has begun. */
const HOURS_KEPT_MS = 49 * 3_600_000;

export interface TrimLimits {
  /** Events received before are deleted. */
  readonly before: number;
  /** The oldest events are deleted while the rows of the history take more. */
  readonly bytes: number;
}

export interface TrimResult {
  /** Number of events deleted. */
  readonly deleted: number;
  /** Bytes that the rows of the history take afterwards. */
  readonly bytes: number;
}

/** Deletes old history, oldest first, in several transactions. Ends early while another instance does the same. */
export async function trim(database: Database, s: string, limits: TrimLimits): Promise<TrimResult> {
  const call = async (name: string, ...values: Parameters<Database['rows']>[1] & {}): Promise<number | undefined> => {
    const parameters = values.map((_, index) => `$${index + 1}`).join(', ');
    const [row] = await database.rows(`SELECT ${s}.${name}(${parameters})`, values);
    return row![0] === null ? undefined : Number(row![0]);
  };
  const before = Math.ceil(limits.before);
  if ((await call('trim_uses', before - USES_KEPT_MS, HOURS_KEPT_MS)) === undefined)
    return { deleted: 0, bytes: await usedBytes(database, s) };
  while ((await call('trim_requests', before, BATCH_ROWS)) === BATCH_ROWS);
  const result = await trimEvents(database, s, limits, call);
  await trimOrphans(database, s, before, call);
  return result;
}

type Call = (name: string, ...values: Parameters<Database['rows']>[1] & {}) => Promise<number | undefined>;

/** An event that may be deleted, with its deliveries. */
interface Candidate {
  readonly seq: number;
  readonly at: number;
  readonly event: Pick<Event, 'id' | 'source'>;
  readonly bytes: number;
  readonly isKept: boolean;
  /** Ids of its deliveries that are stored beside them. */
  readonly deliveryIds: readonly string[];
}

async function trimEvents(database: Database, s: string, limits: TrimLimits, call: Call): Promise<TrimResult> {
  // Measured once: the bytes of what a batch deletes are subtracted.
  let bytes = await usedBytes(database, s);
  let deleted = 0;
  for (let after = 0; ; ) {
    const candidates = await candidatesAfter(database, s, after);
    const gone: Candidate[] = [];
    let left = bytes;
    let isOld = false;
    for (const one of candidates) {
      if (one.at >= limits.before && left <= limits.bytes) continue;
      isOld = true;
      if (one.isKept) continue;
      gone.push(one);
      left -= one.bytes;
    }
    const done = gone.length === 0 ? 0 : await call('trim_events', ...argumentsOf(gone));
    if (done === undefined) return { deleted, bytes };
    deleted += done;
    bytes = Math.max(0, left);
    if (!isOld || candidates.length < BATCH_EVENTS) return { deleted, bytes };
    after = candidates.at(-1)!.seq;
  }
}

function argumentsOf(old: readonly Candidate[]): (readonly (number | string | null)[])[] {
  const hashes = old.map(({ seq, event }) =>
    seqOfId(event.id) === seq ? undefined : [hashOf(event.id), hashOf(event.source)],
  );
  return [
    old.map(({ seq }) => seq),
    hashes.map((both) => both?.[0] ?? null),
    hashes.map((both) => both?.[1] ?? null),
    old.flatMap(({ deliveryIds }) => deliveryIds),
  ];
}

async function candidatesAfter(database: Database, s: string, after: number): Promise<Candidate[]> {
  const rows = await database.rows(
    `SELECT e.seq, e.at, left(e.body, ${HEAD_CHARS}), ${eventBytes('e')} + coalesce(of.bytes, 0), coalesce(of.kept, false),
        coalesce(of.ids, '[]')
      FROM (SELECT * FROM ${s}.events WHERE seq > $1 ORDER BY seq LIMIT ${BATCH_EVENTS}) e, LATERAL (
        SELECT sum(${deliveryBytes('d')} + coalesce(pg_column_size(x.body) + 70, 0)) AS bytes,
          bool_or(d.state < ${FIRST_FINAL} OR d.state = ${STATE.dead}) AS kept, ${idsWithSeq('d')} AS ids
        FROM ${seqsOf('e.deliveries')} JOIN ${s}.deliveries d ON d.seq = j.seq
          LEFT JOIN ${s}.exchanges x ON x.delivery = d.seq) of ORDER BY e.seq`,
    [after],
  );
  return Promise.all(rows.map((row) => candidateOf(database, s, row)));
}

async function candidateOf(database: Database, s: string, row: Row): Promise<Candidate> {
  const [seq, at, start, bytes, isKept, ids] = row as unknown as [number, number, string, string, boolean, string];
  return {
    seq,
    at,
    event: eventHead(start) ?? (await eventAt(database, s, seq)),
    bytes: Number(bytes),
    isKept,
    deliveryIds: namedOf(ids),
  };
}

/** The event with an id or a source that is longer than the characters that are read of each. */
async function eventAt(database: Database, s: string, seq: number): Promise<Pick<Event, 'id' | 'source'>> {
  const [row] = await database.rows(`SELECT body FROM ${s}.events WHERE seq = $1`, [seq]);
  // Another instance has deleted it.
  return row === undefined ? { id: '', source: '' } : (JSON.parse(String(row[0])) as Event);
}

/** SQL: JSON array of the row numbers and ids of deliveries. */
const idsWithSeq = (alias: string): string =>
  `'[' || string_agg('[' || ${alias}.seq || ',' || ${deliveryId(`${alias}.body`)} || ']', ',') || ']'`;

/** Column values of the ids that do not contain the row number, and are stored in `delivery_names`. */
function namedOf(ids: string): string[] {
  return (JSON.parse(ids) as [number, string][])
    .filter(([seq, id]) => seqOfId(id) !== seq)
    .map(([, id]) => toColumn(id));
}

/** Deletes old deliveries without an event: repeats of an alert that fires for longer than history is kept. */
async function trimOrphans(database: Database, s: string, before: number, call: Call): Promise<void> {
  for (let after = 0; ; ) {
    const rows = await database.rows(
      `SELECT coalesce(max(o.seq), 0), count(*), coalesce(${idsWithSeq('o')}, '[]') FROM (
          SELECT d.seq, d.body FROM ${s}.deliveries d WHERE d.seq > $1 AND d.seq < $2
            AND d.state IN (${STATE.delivered}, ${STATE.cancelled})
            AND NOT EXISTS (SELECT FROM ${s}.events e WHERE e.seq = d.event)
          ORDER BY d.seq LIMIT ${BATCH_ROWS}) o`,
      [after, seqOfTime(before)],
    );
    const [last, count, ids] = rows[0] as unknown as [number, number, string];
    if (count === 0) return;
    const seqs = (JSON.parse(ids) as [number, string][]).map(([seq]) => seq);
    if ((await call('trim_deliveries', seqs, namedOf(ids))) === undefined || count < BATCH_ROWS) return;
    after = last;
  }
}
