import type { ReadName, WRITE_PARAMETERS } from '../../shared/names.ts';
import { FIRST_FINAL, PUSH, STATE } from '../../shared/stored-states.ts';

const ATTEMPT_ADDED = "json_insert(attempts, '$[#]', json(?2))";
export const DELIVERY_COLUMNS = 'd.seq, d.state, d.due, d.body, d.attempts, d.receipt, d.error, e.body';
export const DELIVERY_TABLES = 'deliveries d LEFT JOIN events e ON e.seq = d.event';
/**
 * Ids of an event's deliveries, as JSON (`->`). `->>` would unescape a lone surrogate, which UTF-8 cannot express, and libsql
 * aborts the process.
 */
const DELIVERY_IDS =
  "(SELECT json_group_array(d.body -> '$.id') FROM json_each(e.deliveries) j JOIN deliveries d ON d.seq = j.value)";
export const EVENT_COLUMNS = `e.seq, e.at, e.body, e.outcomes, e.deliveries, ${DELIVERY_IDS}`;

/** Bytes of an event above which `latestEvents` leaves it out. */
const LARGE_EVENT = 64 * 1024;

/** SQL of the writes. Those that read something first are in `procedures.ts`. */
export const WRITES: Readonly<Record<keyof typeof WRITE_PARAMETERS, string>> = {
  event: 'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)',
  eventName: 'INSERT INTO new_names VALUES (?, ?, ?)',
  eventDelivery: "UPDATE events SET deliveries = json_insert(deliveries, '$[#]', CAST(?2 AS INTEGER)) WHERE seq = ?1",
  delivery: `INSERT INTO deliveries VALUES (?, ?, ?, ${STATE.pending}, ?, ?, ?, ?, ?, '[]', NULL, NULL)`,
  triedDelivery: `INSERT INTO deliveries VALUES (?, ?, ?, ${STATE.retry}, ?, ?, ?, ?, ?, ?, NULL, NULL)`,
  deliveryName: 'INSERT INTO delivery_names VALUES (?, ?)',
  delivered: `UPDATE deliveries SET state = ${STATE.delivered}, attempts = ?2, receipt = ?3 WHERE seq = ?1 AND state < ${FIRST_FINAL}`,
  settle: `UPDATE deliveries SET state = ?3, due = ?4, receipt = ?5, error = ?6,
      attempts = CASE WHEN ?2 IS NULL THEN attempts ELSE ${ATTEMPT_ADDED} END WHERE seq = ?1 AND state < ${FIRST_FINAL}`,
  resolveDead: `UPDATE deliveries SET state = ?3, receipt = ?4,
      attempts = CASE WHEN ?2 IS NULL THEN attempts ELSE ${ATTEMPT_ADDED} END WHERE seq = ?1 AND state = ${STATE.dead}`,
  exchange: 'INSERT OR REPLACE INTO exchanges VALUES (?, ?)',
  endedOtherwise: `INSERT OR REPLACE INTO ended_otherwise SELECT seq, state FROM deliveries
      WHERE seq = ? AND (state IN (${STATE.dead}, ${STATE.cancelled}) OR error IS NOT NULL)`,
  lastUse: 'INSERT INTO last_uses VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)',
  due: `UPDATE deliveries SET due = ?2 WHERE seq = ?1 AND state < ${STATE.sending}`,
  delay: `UPDATE deliveries SET due = ?2, expires = expires + ?2 - due,
      body = CASE WHEN expires IS NULL THEN body ELSE json_set(body, '$.expiresAt', expires + ?2 - due) END
      WHERE seq = ?1 AND state = ${STATE.pending}`,
  state: 'INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?, ?)',
  stateDelete: 'DELETE FROM states WHERE rule = ? AND key = ? AND step = ?',
  statesDeleteExpired: 'DELETE FROM states WHERE expires <= ?',
  checkpoint: 'INSERT OR REPLACE INTO marks VALUES (?, ?, ?)',
  checkpointDelete: 'DELETE FROM marks WHERE scope = ? AND key = ?',
  request: 'INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?)',
  fact: 'INSERT OR REPLACE INTO facts VALUES (?, ?)',
};

/** Queries by name; rows are arrays in the order of the columns. */
export const READS = {
  eventAt: `SELECT ${EVENT_COLUMNS} FROM events e WHERE e.seq = ?`,
  eventsNamed: `SELECT ${EVENT_COLUMNS} FROM names n JOIN events e ON e.seq = n.event WHERE n.id_hash = ? ORDER BY n.event DESC LIMIT 100`,
  eventsOfSource: `SELECT ${EVENT_COLUMNS} FROM names n JOIN events e ON e.seq = n.event WHERE n.id_hash = ? AND n.source_hash = ?`,
  eventsBefore: `SELECT e.seq, e.at, e.body, e.outcomes, '[]', '[]' FROM events e
      WHERE e.seq < ? AND e.seq >= ? AND octet_length(e.body) <= ${LARGE_EVENT} ORDER BY e.seq DESC LIMIT ?`,
  namesCount: 'SELECT count(*) FROM event_names',
  namesAfter: `SELECT id_hash, source_hash, event FROM event_names WHERE (id_hash, source_hash, event) > (?, ?, ?)
      ORDER BY id_hash, source_hash, event LIMIT 5000`,
  deliveryAt: `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERY_TABLES} WHERE d.seq = ?`,
  deliveryNamed: `SELECT ${DELIVERY_COLUMNS} FROM delivery_names n JOIN deliveries d ON d.seq = n.seq
      LEFT JOIN events e ON e.seq = d.event WHERE n.id = ?`,
  deliveriesIn: `SELECT ${DELIVERY_COLUMNS} FROM json_each(?) j JOIN deliveries d ON d.seq = j.value
      LEFT JOIN events e ON e.seq = d.event ORDER BY j.key`,
  eventOf: 'SELECT event FROM deliveries WHERE seq = ?',
  exchange: 'SELECT body FROM exchanges WHERE delivery = ?',
  pending: `SELECT seq, channel, state, due, expires, key_hash, id_hash FROM deliveries INDEXED BY deliveries_owed
      WHERE state < ${FIRST_FINAL} AND seq > ? ORDER BY seq LIMIT ?`,
  pendingNames: `SELECT n.id, n.seq FROM delivery_names n JOIN deliveries d ON d.seq = n.seq WHERE d.state < ${FIRST_FINAL}`,
  acknowledged: `SELECT p.delivery FROM deliveries d INDEXED BY deliveries_owed JOIN pushes p ON p.delivery = d.body ->> 'id'
      WHERE d.state < ${FIRST_FINAL} AND d.state = ${STATE.sending} AND p.acknowledged = ${PUSH.complete}`,
  states: 'SELECT rule, key, step, value, expires, wake FROM states',
  checkpoints: 'SELECT key, value FROM marks WHERE scope = ?',
  checkpointValue: 'SELECT value FROM marks WHERE scope = ? AND key = ?',
  request: 'SELECT body_hash, answer FROM requests WHERE key = ?',
  facts: 'SELECT name, value FROM facts',
  lastSeqs: `SELECT (SELECT max(seq) FROM events), (SELECT max(seq) FROM deliveries),
      (SELECT seq FROM sqlite_sequence WHERE name = 'pushes')`,
  pushesSince: `SELECT p.seq, p.frame FROM pushes p WHERE p.keep_until > ?3 AND p.seq IN (
        SELECT push FROM push_recipients WHERE user = ?1 AND push > ?2
        UNION SELECT push FROM push_recipients WHERE user = '*' AND push > ?2)
      ORDER BY p.seq LIMIT ?4`,
} as const satisfies Record<string, string> & Record<ReadName, string>;

export type SqliteReadName = keyof typeof READS;
