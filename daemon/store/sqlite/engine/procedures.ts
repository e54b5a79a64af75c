import type { LaterResult } from '../../../core/flow/decision.ts';
import { countLater, indexLater } from '../blocks/later.ts';
import type { Value } from '../../shared/writes.ts';
import type { Connection } from './connection.ts';
import { PUSH } from '../../shared/stored-states.ts';
import type { ProcedureName } from '../../shared/names.ts';

type Procedure = (db: Connection, values: readonly Value[]) => unknown;

/** Writes that read first. They run inside the transaction of the commit, so no other write comes between reading and writing. */
export const PROCEDURES: Readonly<Record<ProcedureName, Procedure>> = {
  eventFollowUp,
  push,
  pushAck,
  pushCursor,
  pushCursors,
  pushTrim,
};

/**
 * Adds a delivery or a later result to an earlier event; does nothing when the event is deleted. Parameters: row number
 * contained in the id or null, id, hash of id, hash of source, row number of the delivery or null, result as JSON or null.
 */
function eventFollowUp(
  db: Connection,
  [ownSeq, id, idHash, sourceHash, delivery, result]: readonly Value[],
): undefined {
  const later = result === null ? undefined : (JSON.parse(String(result)) as LaterResult);
  if (later !== undefined) countLater(db, later);
  const seq = eventRow(db, [ownSeq!, id!, idHash!, sourceHash!]);
  if (seq === undefined) return undefined;
  const [[deliveries, outcomes]] = db
    .statement('SELECT length(deliveries), length(outcomes) FROM events WHERE seq = ?')
    .all([seq]) as [[number, number]];
  if (delivery !== null && deliveries < MAX_LIST_CHARS) {
    db.statement(
      "UPDATE events SET deliveries = json_insert(deliveries, '$[#]', CAST(?2 AS INTEGER)) WHERE seq = ?1",
    ).run([seq, delivery!]);
    db.statement('UPDATE deliveries SET event = ? WHERE seq = ?').run([seq, delivery!]);
  }
  if (later === undefined || outcomes >= MAX_LIST_CHARS) return undefined;
  db.statement("UPDATE events SET outcomes = json_insert(outcomes, '$[#]', json(?2)) WHERE seq = ?1").run([
    seq,
    result!,
  ]);
  indexLater(db, seq, later);
  return undefined;
}

/** Bound for the lists of one event, because an alert may repeat for years. Deliveries beyond it belong to no event and are deleted by their age. */
const MAX_LIST_CHARS = 32 * 1024;

function eventRow(db: Connection, [ownSeq, id, idHash, sourceHash]: readonly Value[]): number | undefined {
  const wanted = JSON.stringify(id);
  const bodies = db.statement("SELECT seq, body -> '$.id' FROM events WHERE seq = ?");
  const named = db.statement(
    "SELECT e.seq, e.body -> '$.id' FROM names n JOIN events e ON e.seq = n.event WHERE n.id_hash = ? AND n.source_hash = ?",
  );
  const rows = [...(ownSeq === null ? [] : bodies.all([ownSeq!])), ...named.all([idHash!, sourceHash!])] as [
    number,
    string,
  ][];
  return rows.find(([, found]) => JSON.stringify(JSON.parse(found)) === wanted)?.[0];
}

/** Adds a push and returns its number; returns the first number when the delivery was pushed before. Parameters: delivery, users as JSON, require, frame, at, keepUntil. */
function push(db: Connection, [delivery, to, required, frame, at, keepUntil]: readonly Value[]): number {
  const before = db.statement('SELECT seq FROM pushes WHERE delivery = ?').get([delivery]) as [number] | undefined;
  if (before !== undefined) return before[0];
  db.statement('INSERT INTO pushes(delivery, required, waiting, frame, at, keep_until) VALUES (?, ?, ?, ?, ?, ?)').run([
    delivery,
    required,
    to,
    frame,
    at,
    keepUntil,
  ]);
  const [seq] = db.statement('SELECT last_insert_rowid()').get([]) as [number];
  const address = db.statement('INSERT OR IGNORE INTO push_recipients VALUES (?, ?)');
  for (const user of JSON.parse(String(to)) as string[]) address.run([user, seq]);
  return seq;
}

/** SQL condition: push `p` is not acknowledged for user `?1`. A push for all stays so until that user acknowledges it. */
const UNACKNOWLEDGED = `(p.acknowledged = ${PUSH.waiting} OR (p.acknowledged = ${PUSH.seen} AND p.required = 'all'
  AND EXISTS (SELECT 1 FROM json_each(p.waiting) w WHERE w.value = ?1)))`;

/** Returns the cursor of a user. A new user starts before the oldest push that nobody has acknowledged. Parameters: user, now. */
function pushCursor(db: Connection, [user, now]: readonly Value[]): number {
  const known = db.statement('SELECT seq FROM push_cursors WHERE user = ?').get([user]) as [number] | undefined;
  if (known !== undefined) return known[0];
  const [oldest] = db
    .statement(
      `SELECT min(p.seq) FROM push_recipients r JOIN pushes p ON p.seq = r.push
      WHERE r.user IN (?1, '*') AND p.keep_until > ?2 AND ${UNACKNOWLEDGED}`,
    )
    .get([user, now]) as [number | null];
  const start = oldest === null ? headOf(db) : oldest - 1;
  db.statement('INSERT INTO push_cursors VALUES (?, ?)').run([user, start]);
  return start;
}

/** Highest number given to a push; 0 before the first. */
function headOf(db: Connection): number {
  const sql = "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'pushes'), 0)";
  const [head] = db.statement(sql).get([]) as [number];
  return head;
}

/** Moves the cursors of several users forward. Parameter: JSON array of [user, seq]. */
function pushCursors(db: Connection, [moved]: readonly Value[]): void {
  db.statement(
    `UPDATE push_cursors SET seq = m.seq
      FROM (SELECT value ->> 0 AS user, value ->> 1 AS seq FROM json_each(?)) m
      WHERE push_cursors.user = m.user AND push_cursors.seq < m.seq`,
  ).run([moved!]);
}

/** Acknowledges pushes and returns the deliveries that are complete by it. Parameters: user, seq, now. */
function pushAck(db: Connection, [user, seq, now]: readonly Value[]): string[] {
  const from = pushCursor(db, [user!, now!]);
  const to = Math.min(Number(seq), headOf(db));
  if (to <= from) return [];
  db.statement('UPDATE push_cursors SET seq = ?2 WHERE user = ?1').run([user, to]);
  const rows = db
    .statement(
      `SELECT seq, delivery, required, waiting FROM pushes WHERE acknowledged < ${PUSH.complete} AND seq IN (
        SELECT push FROM push_recipients WHERE user IN (?1, '*') AND push > ?2 AND push <= ?3)`,
    )
    .all([user, from, to]) as [number, string, string, string][];
  return rows.flatMap((row) => acknowledge(db, row, String(user)));
}

function acknowledge(
  db: Connection,
  [seq, delivery, required, waiting]: [number, string, string, string],
  user: string,
): string[] {
  const left = (JSON.parse(waiting) as string[]).filter((name) => name !== user && name !== '*');
  const complete = required === 'any' || left.length === 0;
  db.statement('UPDATE pushes SET acknowledged = ?2, waiting = ?3 WHERE seq = ?1').run([
    seq,
    complete ? PUSH.complete : PUSH.seen,
    JSON.stringify(left),
  ]);
  return complete ? [delivery] : [];
}

/** Deletes expired pushes. Parameter: now. */
function pushTrim(db: Connection, [now]: readonly Value[]): void {
  db.statement('DELETE FROM push_recipients WHERE push IN (SELECT seq FROM pushes WHERE keep_until <= ?)').run([now]);
  db.statement('DELETE FROM pushes WHERE keep_until <= ?').run([now]);
}
