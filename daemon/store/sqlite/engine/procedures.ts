import type { Value } from './protocol.ts';
import type { Connection } from './connection.ts';
import type { ProcedureName } from './statements.ts';

type Procedure = (db: Connection, values: readonly Value[]) => unknown;

/** How far a push is: nobody has acknowledged it, somebody has, or all that it needs have. */
const PUSH = { waiting: 0, seen: 1, complete: 2 } as const;

/** Writes that look before they write; they run inside the commit's transaction, so what they saw still holds when it ends. */
export const PROCEDURES: Readonly<Record<ProcedureName, Procedure>> = {
  eventFollows,
  push,
  pushAck,
  pushCursor,
  pushCursors,
  pushTrim,
};

/**
 * (row that the id carries, id, hash of id, hash of source, delivery row or null, result or null): gives an event that came
 * earlier another delivery, or another result. Nothing happens when it is forgotten.
 */
function eventFollows(db: Connection, [place, id, idHash, sourceHash, delivery, result]: readonly Value[]): undefined {
  const seq = eventRow(db, [place!, id!, idHash!, sourceHash!]);
  if (seq === undefined) return undefined;
  const [[deliveries, outcomes]] = db
    .statement('SELECT length(deliveries), length(outcomes) FROM events WHERE seq = ?')
    .all([seq]) as [[number, number]];
  if (delivery !== null && deliveries < LONGEST_LIST) {
    db.statement(
      "UPDATE events SET deliveries = json_insert(deliveries, '$[#]', CAST(?2 AS INTEGER)) WHERE seq = ?1",
    ).run([seq, delivery!]);
    db.statement('UPDATE deliveries SET event = ? WHERE seq = ?').run([seq, delivery!]);
  }
  if (result !== null && outcomes < LONGEST_LIST)
    db.statement("UPDATE events SET outcomes = json_insert(outcomes, '$[#]', json(?2)) WHERE seq = ?1").run([
      seq,
      result!,
    ]);
  return undefined;
}

/** Characters of what belongs to one event. An alert may repeat for years; what is beyond this stands by itself and goes by its age. */
const LONGEST_LIST = 32 * 1024;

function eventRow(db: Connection, [place, id, idHash, sourceHash]: readonly Value[]): number | undefined {
  const wanted = JSON.stringify(id);
  const bodies = db.statement("SELECT seq, body -> '$.id' FROM events WHERE seq = ?");
  const named = db.statement(
    "SELECT e.seq, e.body -> '$.id' FROM names n JOIN events e ON e.seq = n.event WHERE n.id_hash = ? AND n.source_hash = ?",
  );
  const rows = [...(place === null ? [] : bodies.all([place!])), ...named.all([idHash!, sourceHash!])] as [
    number,
    string,
  ][];
  return rows.find(([, found]) => JSON.stringify(JSON.parse(found)) === wanted)?.[0];
}

/** (delivery, recipients, require, frame, at, keepUntil) -> its seq; the first one's when the delivery was pushed before. */
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

/** A push that needs everyone is not acknowledged for a user whom it still waits for. */
const UNACKNOWLEDGED = `(p.acknowledged = ${PUSH.waiting} OR (p.acknowledged = ${PUSH.seen} AND p.required = 'all'
  AND EXISTS (SELECT 1 FROM json_each(p.waiting) w WHERE w.value = ?1)))`;

/** (user, now) -> where the user goes on. One never seen before begins at the oldest push that nobody has acknowledged. */
function pushCursor(db: Connection, [user, now]: readonly Value[]): number {
  const known = db.statement('SELECT seq FROM push_cursors WHERE user = ?').get([user]) as [number] | undefined;
  if (known !== undefined) return known[0];
  const [oldest] = db
    .statement(
      `SELECT min(p.seq) FROM push_recipients r JOIN pushes p ON p.seq = r.push
      WHERE r.user IN (?1, '*') AND p.keep_until > ?2 AND ${UNACKNOWLEDGED}`,
    )
    .get([user, now]) as [number | null];
  const [head] = db
    .statement("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'pushes'), 0)")
    .get([]) as [number];
  const start = oldest === null ? head : oldest - 1;
  db.statement('INSERT INTO push_cursors VALUES (?, ?)').run([user, start]);
  return start;
}

/** (JSON of [user, seq] pairs): so far those users have come. A cursor never goes back. */
function pushCursors(db: Connection, [moved]: readonly Value[]): void {
  db.statement(
    `UPDATE push_cursors SET seq = m.seq
      FROM (SELECT value ->> 0 AS user, value ->> 1 AS seq FROM json_each(?)) m
      WHERE push_cursors.user = m.user AND push_cursors.seq < m.seq`,
  ).run([moved!]);
}

/** (user, seq, now) -> the deliveries whose receipt is now complete. */
function pushAck(db: Connection, [user, seq, now]: readonly Value[]): string[] {
  const from = pushCursor(db, [user!, now!]);
  const [head] = db
    .statement("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'pushes'), 0)")
    .get([]) as [number];
  const to = Math.min(Number(seq), head);
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

/** (now): forgets what has expired. */
function pushTrim(db: Connection, [now]: readonly Value[]): void {
  db.statement('DELETE FROM push_recipients WHERE push IN (SELECT seq FROM pushes WHERE keep_until <= ?)').run([now]);
  db.statement('DELETE FROM pushes WHERE keep_until <= ?').run([now]);
}
