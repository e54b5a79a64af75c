import { type CounterChange, type Counters, FACT, NO_COUNTS, added } from '../commit/counters.ts';
import { fileNames } from '../events/name-index.ts';
import { hashOf, seqOfTime } from '../engine/keys.ts';
import type { Value } from '../engine/protocol.ts';
import { FIRST_ENDED, STATE } from '../engine/schema.ts';
import type { Connection } from '../engine/connection.ts';
import { toColumn } from '../engine/text.ts';

/** One step of forgetting: at most `limit` events after row `after` are looked at. */
export interface TrimStep {
  readonly after: number;
  readonly before: number;
  readonly bytes: number;
  readonly limit: number;
}

export interface TrimResult {
  readonly forgotten: number;
  /** Where to go on; absent when there is nothing more to forget. */
  readonly next?: number;
  readonly bytes: number;
}

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
      WHERE d.state < ${FIRST_ENDED} OR d.state = ${STATE.dead})
  FROM events e WHERE e.seq > ? ORDER BY e.seq LIMIT ?`;

/** Forgets settled events, oldest first, in a transaction of its own. What is owed or dead stays, and its event with it. */
export function trim(db: Connection, step: TrimStep): TrimResult {
  const rows = db.statement(CANDIDATES).all([step.after, step.limit]) as Candidate[];
  const tooMuch = db.bytes() > step.bytes;
  const old = rows.filter(([, at]) => tooMuch || at < step.before);
  const gone = old.filter(([, , , , , , kept]) => kept === 0);
  db.transaction(() => {
    if (step.after === 0) {
      forgetRequests(db, step.before);
      forgetOrphans(db, step.before);
    }
    if (gone.length > 0) forget(db, gone);
  });
  const last = rows.at(-1);
  const more = old.length > 0 && rows.length === step.limit && last !== undefined;
  return { forgotten: gone.length, bytes: db.bytes(), ...(more && { next: last[0] }) };
}

function forgetRequests(db: Connection, before: number): void {
  db.statement('DELETE FROM requests WHERE at < ?').run([before]);
}

/** Deliveries whose event had been forgotten before they were made: the repeats of an alert that fires for longer than history is kept. */
function forgetOrphans(db: Connection, before: number): void {
  const old = `event = 0 AND seq < ? AND state IN (${STATE.delivered}, ${STATE.cancelled})`;
  const place = [seqOfTime(before)];
  const states = new Map(
    db.statement(`SELECT state, count(*) FROM deliveries WHERE ${old} GROUP BY state`).all(place) as [number, number][],
  );
  if (states.size === 0) return;
  const delivered = states.get(STATE.delivered) ?? 0;
  const cancelled = states.get(STATE.cancelled) ?? 0;
  forgetNames(db, old, place);
  db.statement(`DELETE FROM deliveries WHERE ${old}`).run(place);
  keepForgotten(db, added(forgottenSoFar(db), [{ owed: delivered + cancelled, delivered, cancelled }]));
}

function forget(db: Connection, events: readonly Candidate[]): void {
  const ended = db.statement(
    'SELECT d.state, count(*) FROM json_each(?) j JOIN deliveries d ON d.seq = j.value GROUP BY d.state',
  );
  const changes: CounterChange[] = [];
  fileNames(db);
  for (const [seq, , id, source, deliveries, summary] of events) {
    const states = new Map(ended.all([deliveries]) as [number, number][]);
    changes.push({
      events: { [summary]: 1 },
      owed: [...states.values()].reduce((sum, count) => sum + count, 0),
      delivered: states.get(STATE.delivered) ?? 0,
      cancelled: states.get(STATE.cancelled) ?? 0,
    });
    forgetDeliveries(db, deliveries);
    db.statement('DELETE FROM event_names WHERE id_hash = ? AND source_hash = ? AND event = ?').run([
      hashOf(JSON.parse(id) as string),
      hashOf(JSON.parse(source) as string),
      seq,
    ]);
    db.statement('DELETE FROM events WHERE seq = ?').run([seq]);
  }
  keepForgotten(db, added(forgottenSoFar(db), changes));
}

function keepForgotten(db: Connection, counters: Counters): void {
  db.statement('INSERT OR REPLACE INTO facts VALUES (?, ?)').run([FACT.forgotten, JSON.stringify(counters)]);
}

function forgetDeliveries(db: Connection, deliveries: string): void {
  if (deliveries === '[]') return;
  const listed = 'seq IN (SELECT value FROM json_each(?))';
  forgetNames(db, listed, [deliveries]);
  db.statement(`DELETE FROM deliveries WHERE ${listed}`).run([deliveries]);
}

/** Of the deliveries that a condition picks. */
function forgetNames(db: Connection, condition: string, values: readonly Value[]): void {
  if (db.statement('SELECT 1 FROM delivery_names LIMIT 1').get([]) === undefined) return;
  const ids = db.statement(`SELECT body -> '$.id' FROM deliveries WHERE ${condition}`).all([...values]);
  const forgetName = db.statement('DELETE FROM delivery_names WHERE id = ?');
  for (const [id] of ids as [string][]) forgetName.run([toColumn(JSON.parse(id) as string)]);
}

/** What history was forgotten so far; only this file writes it. */
export function forgottenSoFar(db: Connection): Counters {
  const row = db.statement('SELECT value FROM facts WHERE name = ?').get([FACT.forgotten]) as [string] | undefined;
  return row === undefined ? NO_COUNTS : (JSON.parse(row[0]) as Counters);
}
