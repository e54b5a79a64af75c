import { added, type CounterChange, type Counters, FACT, NO_COUNTS } from '../../shared/commit/counters.ts';
import { indexedUntil, indexNext } from '../blocks/build.ts';
import { deleteEmptyBlocks } from '../blocks/delete.ts';
import { mergeNewNames } from '../events/name-index.ts';
import { hashOf, seqOfTime, toColumn } from '../../shared/keys.ts';
import type { Value } from '../../shared/writes.ts';
import { FIRST_FINAL, STATE } from '../../shared/stored-states.ts';
import type { Connection } from '../engine/connection.ts';

/** One step of a trim: examines at most `limit` events after row `after`. */
export interface TrimStep {
  readonly after: number;
  readonly before: number;
  readonly bytes: number;
  readonly limit: number;
}

export interface TrimResult {
  /** Number of events deleted. */
  readonly deleted: number;
  /** `after` of the next step; absent after the last one. */
  readonly next?: number;
  readonly bytes: number;
}

/** An event that may be deleted; `kept` is its number of deliveries that are not final or dead. */
type Candidate = [
  seq: number,
  at: number,
  id: string,
  source: string,
  deliveries: string,
  summary: string,
  kept: number,
];

const CANDIDATES = `SELECT e.seq, e.at, e.body -> '$.id', e.body -> '$.source', e.deliveries, e.summary,
    (SELECT count(*) FROM json_each(e.deliveries) j JOIN deliveries d ON d.seq = j.value
      WHERE d.state < ${FIRST_FINAL} OR d.state = ${STATE.dead})
  FROM events e WHERE e.seq > ? ORDER BY e.seq LIMIT ?`;

/** Deletes old events and their deliveries, oldest first, in one transaction. Keeps events with deliveries that are not final or dead. */
export function trim(db: Connection, step: TrimStep): TrimResult {
  const rows = db.statement(CANDIDATES).all([step.after, step.limit]) as Candidate[];
  const isTooLarge = db.bytes() > step.bytes;
  const old = rows.filter(([, at]) => isTooLarge || at < step.before);
  const deletable = old.filter(([, , , , , , kept]) => kept === 0);
  const last = deletable.at(-1)?.[0] ?? 0;
  // Counts the events before they are deleted: the last uses of rules and silences are kept for longer.
  while (indexedUntil(db, 'events') < last) indexNext(db, { table: 'events', rows: step.limit, short: true });
  db.transaction(() => {
    if (step.after === 0) {
      deleteRequests(db, step.before);
      deleteUses(db, step.before);
      deleteOrphans(db, step.before);
    }
    if (deletable.length > 0) deleteEvents(db, deletable);
  });
  const examined = rows.at(-1);
  const more = old.length > 0 && rows.length === step.limit && examined !== undefined;
  return { deleted: deletable.length, bytes: db.bytes(), ...(more && { next: examined[0] }) };
}

function deleteRequests(db: Connection, before: number): void {
  db.statement('DELETE FROM requests WHERE at < ?').run([before]);
}

/** Time after the history for which last uses are kept: a year. */
const USES_KEPT_MS = 365 * 86_400_000;

function deleteUses(db: Connection, before: number): void {
  db.statement('DELETE FROM last_uses WHERE at < ?').run([before - USES_KEPT_MS]);
}

/** Deletes old deliveries without an event: repeats of an alert that fires for longer than history is kept. */
function deleteOrphans(db: Connection, before: number): void {
  const old = `event = 0 AND seq < ? AND state IN (${STATE.delivered}, ${STATE.cancelled})`;
  const values = [seqOfTime(before)];
  const states = new Map(
    db.statement(`SELECT state, count(*) FROM deliveries WHERE ${old} GROUP BY state`).all(values) as [
      number,
      number,
    ][],
  );
  if (states.size === 0) return;
  const delivered = states.get(STATE.delivered) ?? 0;
  const cancelled = states.get(STATE.cancelled) ?? 0;
  deleteRows(db, old, values);
  writeForgotten(db, added(countersAt(db, FACT.forgotten), [{ owed: delivered + cancelled, delivered, cancelled }]));
}

function deleteEvents(db: Connection, events: readonly Candidate[]): void {
  const statesOf = db.statement(
    'SELECT d.state, count(*) FROM json_each(?) j JOIN deliveries d ON d.seq = j.value GROUP BY d.state',
  );
  const changes: CounterChange[] = [];
  mergeNewNames(db);
  for (const [seq, , id, source, deliveries, summary] of events) {
    const states = new Map(statesOf.all([deliveries]) as [number, number][]);
    changes.push({
      events: { [summary]: 1 },
      owed: [...states.values()].reduce((sum, count) => sum + count, 0),
      delivered: states.get(STATE.delivered) ?? 0,
      cancelled: states.get(STATE.cancelled) ?? 0,
    });
    deleteDeliveries(db, deliveries);
    db.statement('DELETE FROM event_names WHERE id_hash = ? AND source_hash = ? AND event = ?').run([
      hashOf(JSON.parse(id) as string),
      hashOf(JSON.parse(source) as string),
      seq,
    ]);
    db.statement('DELETE FROM events WHERE seq = ?').run([seq]);
  }
  deleteEmptyBlocks(db, 'events', events[0]![0], events.at(-1)![0]);
  writeForgotten(db, added(countersAt(db, FACT.forgotten), changes));
}

function writeForgotten(db: Connection, counters: Counters): void {
  db.statement('INSERT OR REPLACE INTO facts VALUES (?, ?)').run([FACT.forgotten, JSON.stringify(counters)]);
}

function deleteDeliveries(db: Connection, deliveries: string): void {
  if (deliveries === '[]') return;
  deleteRows(db, 'seq IN (SELECT value FROM json_each(?))', [deliveries]);
}

/** Deletes the deliveries that match a condition, and what the store knows of them elsewhere. */
function deleteRows(db: Connection, condition: string, values: readonly Value[]): void {
  const [first, last] = db
    .statement(`SELECT min(seq), max(seq) FROM deliveries WHERE ${condition}`)
    .get([...values]) as [number | null, number | null];
  if (first === null || last === null) return;
  deleteNames(db, condition, values);
  for (const [table, column] of [
    ['exchanges', 'delivery'],
    ['ended_otherwise', 'seq'],
  ])
    db.statement(`DELETE FROM ${table} WHERE ${column} IN (SELECT seq FROM deliveries WHERE ${condition})`).run([
      ...values,
    ]);
  db.statement(`DELETE FROM deliveries WHERE ${condition}`).run([...values]);
  deleteEmptyBlocks(db, 'deliveries', first, last);
}

/** Deletes the stored ids of the deliveries that match a condition. */
function deleteNames(db: Connection, condition: string, values: readonly Value[]): void {
  if (db.statement('SELECT 1 FROM delivery_names LIMIT 1').get([]) === undefined) return;
  const ids = db.statement(`SELECT body -> '$.id' FROM deliveries WHERE ${condition}`).all([...values]);
  const deleteName = db.statement('DELETE FROM delivery_names WHERE id = ?');
  for (const [id] of ids as [string][]) deleteName.run([toColumn(JSON.parse(id) as string)]);
}

/** Counters stored under a name of `FACT`: `counters` of everything, `forgotten` of everything deleted so far. */
export function countersAt(db: Connection, fact: typeof FACT.counters | typeof FACT.forgotten): Counters {
  const row = db.statement('SELECT value FROM facts WHERE name = ?').get([fact]) as [string] | undefined;
  return row === undefined ? NO_COUNTS : (JSON.parse(row[0]) as Counters);
}
