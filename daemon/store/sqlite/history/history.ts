import { type CounterChange, type Counters, FACT, NO_COUNTS, added } from '../commit/counters.ts';
import { fileNames } from '../events/name-index.ts';
import { hashOf, seqOfTime } from '../events/ids.ts';
import type { Value } from '../engine/protocol.ts';
import { FIRST_ENDED, STATE } from '../engine/schema.ts';
import type { SqliteEngine } from '../engine/engine.ts';
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
export function trim(engine: SqliteEngine, step: TrimStep): TrimResult {
  const rows = engine.statement(CANDIDATES).all([step.after, step.limit]) as Candidate[];
  const tooMuch = engine.bytes() > step.bytes;
  const old = rows.filter(([, at]) => tooMuch || at < step.before);
  const gone = old.filter(([, , , , , , kept]) => kept === 0);
  engine.transaction(() => {
    if (step.after === 0) {
      forgetRequests(engine, step.before);
      forgetOrphans(engine, step.before);
    }
    if (gone.length > 0) forget(engine, gone);
  });
  const last = rows.at(-1);
  const more = old.length > 0 && rows.length === step.limit && last !== undefined;
  return { forgotten: gone.length, bytes: engine.bytes(), ...(more && { next: last[0] }) };
}

function forgetRequests(engine: SqliteEngine, before: number): void {
  engine.statement('DELETE FROM requests WHERE at < ?').run([before]);
}

/** Deliveries whose event had been forgotten before they were made: the repeats of an alert that fires for longer than history is kept. */
function forgetOrphans(engine: SqliteEngine, before: number): void {
  const old = `event = 0 AND seq < ? AND state IN (${STATE.delivered}, ${STATE.cancelled})`;
  const place = [seqOfTime(before)];
  const states = new Map(
    engine.statement(`SELECT state, count(*) FROM deliveries WHERE ${old} GROUP BY state`).all(place) as [
      number,
      number,
    ][],
  );
  if (states.size === 0) return;
  const delivered = states.get(STATE.delivered) ?? 0;
  const cancelled = states.get(STATE.cancelled) ?? 0;
  forgetNames(engine, old, place);
  engine.statement(`DELETE FROM deliveries WHERE ${old}`).run(place);
  keepForgotten(engine, added(forgottenSoFar(engine), [{ owed: delivered + cancelled, delivered, cancelled }]));
}

function forget(engine: SqliteEngine, events: readonly Candidate[]): void {
  const ended = engine.statement(
    'SELECT d.state, count(*) FROM json_each(?) j JOIN deliveries d ON d.seq = j.value GROUP BY d.state',
  );
  const changes: CounterChange[] = [];
  fileNames(engine);
  for (const [seq, , id, source, deliveries, summary] of events) {
    const states = new Map(ended.all([deliveries]) as [number, number][]);
    changes.push({
      events: { [summary]: 1 },
      owed: [...states.values()].reduce((sum, count) => sum + count, 0),
      delivered: states.get(STATE.delivered) ?? 0,
      cancelled: states.get(STATE.cancelled) ?? 0,
    });
    forgetDeliveries(engine, deliveries);
    engine
      .statement('DELETE FROM event_names WHERE id_hash = ? AND source_hash = ? AND event = ?')
      .run([hashOf(JSON.parse(id) as string), hashOf(JSON.parse(source) as string), seq]);
    engine.statement('DELETE FROM events WHERE seq = ?').run([seq]);
  }
  keepForgotten(engine, added(forgottenSoFar(engine), changes));
}

function keepForgotten(engine: SqliteEngine, counters: Counters): void {
  engine.statement('INSERT OR REPLACE INTO facts VALUES (?, ?)').run([FACT.forgotten, JSON.stringify(counters)]);
}

function forgetDeliveries(engine: SqliteEngine, deliveries: string): void {
  if (deliveries === '[]') return;
  const listed = 'seq IN (SELECT value FROM json_each(?))';
  forgetNames(engine, listed, [deliveries]);
  engine.statement(`DELETE FROM deliveries WHERE ${listed}`).run([deliveries]);
}

/** Of the deliveries that a condition picks. */
function forgetNames(engine: SqliteEngine, condition: string, values: readonly Value[]): void {
  if (engine.statement('SELECT 1 FROM delivery_names LIMIT 1').get([]) === undefined) return;
  const ids = engine.statement(`SELECT body -> '$.id' FROM deliveries WHERE ${condition}`).all([...values]);
  const forgetName = engine.statement('DELETE FROM delivery_names WHERE id = ?');
  for (const [id] of ids as [string][]) forgetName.run([toColumn(JSON.parse(id) as string)]);
}

/** What history was forgotten so far; only this file writes it. */
export function forgottenSoFar(engine: SqliteEngine): Counters {
  const row = engine.statement('SELECT value FROM facts WHERE name = ?').get([FACT.forgotten]) as [string] | undefined;
  return row === undefined ? NO_COUNTS : (JSON.parse(row[0]) as Counters);
}
