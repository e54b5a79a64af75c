import { FIRST_FINAL, PUSH, STATE } from './schema.ts';

interface Statement {
  readonly sql: string;
  /** Number of parameters. */
  readonly parameters: number;
}

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

/** Writes by name. Writes that read something first are in `procedures.ts`. */
export const WRITES = {
  event: { sql: 'INSERT INTO events VALUES (?, ?, ?, ?, ?, ?)', parameters: 6 },
  eventName: { sql: 'INSERT INTO new_names VALUES (?, ?, ?)', parameters: 3 },
  eventDelivery: {
    sql: "UPDATE events SET deliveries = json_insert(deliveries, '$[#]', CAST(?2 AS INTEGER)) WHERE seq = ?1",
    parameters: 2,
  },
  delivery: {
    sql: `INSERT INTO deliveries VALUES (?, ?, ?, ${STATE.pending}, ?, ?, ?, ?, ?, '[]', NULL, NULL)`,
    parameters: 8,
  },
  triedDelivery: {
    sql: `INSERT INTO deliveries VALUES (?, ?, ?, ${STATE.retry}, ?, ?, ?, ?, ?, ?, NULL, NULL)`,
    parameters: 9,
  },
  deliveryName: { sql: 'INSERT INTO delivery_names VALUES (?, ?)', parameters: 2 },
  delivered: {
    sql: `UPDATE deliveries SET state = ${STATE.delivered}, attempts = ?2, receipt = ?3 WHERE seq = ?1 AND state < ${FIRST_FINAL}`,
    parameters: 3,
  },
  settle: {
    sql: `UPDATE deliveries SET state = ?3, due = ?4, receipt = ?5, error = ?6,
      attempts = CASE WHEN ?2 IS NULL THEN attempts ELSE ${ATTEMPT_ADDED} END WHERE seq = ?1 AND state < ${FIRST_FINAL}`,
    parameters: 6,
  },
  resolveDead: {
    sql: `UPDATE deliveries SET state = ?3, receipt = ?4,
      attempts = CASE WHEN ?2 IS NULL THEN attempts ELSE ${ATTEMPT_ADDED} END WHERE seq = ?1 AND state = ${STATE.dead}`,
    parameters: 4,
  },
  exchange: { sql: 'INSERT OR REPLACE INTO exchanges VALUES (?, ?)', parameters: 2 },
  /** After a delivery has become dead or cancelled, or a dead one was delivered. */
  endedOtherwise: {
    sql: `INSERT OR REPLACE INTO ended_otherwise SELECT seq, state FROM deliveries
      WHERE seq = ? AND (state IN (${STATE.dead}, ${STATE.cancelled}) OR error IS NOT NULL)`,
    parameters: 1,
  },
  lastUse: {
    sql: 'INSERT INTO last_uses VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET at = max(at, excluded.at)',
    parameters: 3,
  },
  due: { sql: `UPDATE deliveries SET due = ?2 WHERE seq = ?1 AND state < ${STATE.sending}`, parameters: 2 },
  delay: {
    sql: `UPDATE deliveries SET due = ?2, expires = expires + ?2 - due,
      body = CASE WHEN expires IS NULL THEN body ELSE json_set(body, '$.expiresAt', expires + ?2 - due) END
      WHERE seq = ?1 AND state = ${STATE.pending}`,
    parameters: 2,
  },
  state: { sql: 'INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?, ?)', parameters: 6 },
  stateDelete: { sql: 'DELETE FROM states WHERE rule = ? AND key = ? AND step = ?', parameters: 3 },
  statesDeleteExpired: { sql: 'DELETE FROM states WHERE expires <= ?', parameters: 1 },
  checkpoint: { sql: 'INSERT OR REPLACE INTO marks VALUES (?, ?, ?)', parameters: 3 },
  checkpointDelete: { sql: 'DELETE FROM marks WHERE scope = ? AND key = ?', parameters: 2 },
  request: { sql: 'INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?)', parameters: 4 },
  fact: { sql: 'INSERT OR REPLACE INTO facts VALUES (?, ?)', parameters: 2 },
} as const satisfies Record<string, Statement>;

/** Number of parameters of each procedure. */
export const PROCEDURE_PARAMETERS = {
  eventFollowUp: 6,
  push: 6,
  pushAck: 3,
  pushCursor: 2,
  pushCursors: 1,
  pushTrim: 1,
} as const;

export type ProcedureName = keyof typeof PROCEDURE_PARAMETERS;
export type WriteName = keyof typeof WRITES | ProcedureName;

/** Queries by name; rows are arrays in the order of the columns. */
export const READS = {
  eventAt: { sql: `SELECT ${EVENT_COLUMNS} FROM events e WHERE e.seq = ?`, parameters: 1 },
  eventsNamed: {
    sql: `SELECT ${EVENT_COLUMNS} FROM names n JOIN events e ON e.seq = n.event WHERE n.id_hash = ? ORDER BY n.event DESC LIMIT 100`,
    parameters: 1,
  },
  eventsOfSource: {
    sql: `SELECT ${EVENT_COLUMNS} FROM names n JOIN events e ON e.seq = n.event WHERE n.id_hash = ? AND n.source_hash = ?`,
    parameters: 2,
  },
  eventsBefore: {
    sql: `SELECT e.seq, e.at, e.body, e.outcomes, '[]', '[]' FROM events e
      WHERE e.seq < ? AND e.seq >= ? AND octet_length(e.body) <= ${LARGE_EVENT} ORDER BY e.seq DESC LIMIT ?`,
    parameters: 3,
  },
  namesCount: { sql: 'SELECT count(*) FROM event_names', parameters: 0 },
  namesAfter: {
    sql: `SELECT id_hash, source_hash, event FROM event_names WHERE (id_hash, source_hash, event) > (?, ?, ?)
      ORDER BY id_hash, source_hash, event LIMIT 5000`,
    parameters: 3,
  },
  deliveryAt: { sql: `SELECT ${DELIVERY_COLUMNS} FROM ${DELIVERY_TABLES} WHERE d.seq = ?`, parameters: 1 },
  deliveryNamed: {
    sql: `SELECT ${DELIVERY_COLUMNS} FROM delivery_names n JOIN deliveries d ON d.seq = n.seq
      LEFT JOIN events e ON e.seq = d.event WHERE n.id = ?`,
    parameters: 1,
  },
  deliveriesIn: {
    sql: `SELECT ${DELIVERY_COLUMNS} FROM json_each(?) j JOIN deliveries d ON d.seq = j.value
      LEFT JOIN events e ON e.seq = d.event ORDER BY j.key`,
    parameters: 1,
  },
  eventOf: { sql: 'SELECT event FROM deliveries WHERE seq = ?', parameters: 1 },
  exchange: { sql: 'SELECT body FROM exchanges WHERE delivery = ?', parameters: 1 },
  pending: {
    sql: `SELECT seq, channel, state, due, expires, key_hash, id_hash FROM deliveries INDEXED BY deliveries_owed
      WHERE state < ${FIRST_FINAL} AND seq > ? ORDER BY seq LIMIT ?`,
    parameters: 2,
  },
  pendingNames: {
    sql: `SELECT n.id, n.seq FROM delivery_names n JOIN deliveries d ON d.seq = n.seq WHERE d.state < ${FIRST_FINAL}`,
    parameters: 0,
  },
  acknowledged: {
    sql: `SELECT p.delivery FROM deliveries d INDEXED BY deliveries_owed JOIN pushes p ON p.delivery = d.body ->> 'id'
      WHERE d.state < ${FIRST_FINAL} AND d.state = ${STATE.sending} AND p.acknowledged = ${PUSH.complete}`,
    parameters: 0,
  },
  states: { sql: 'SELECT rule, key, step, value, expires, wake FROM states', parameters: 0 },
  checkpoints: { sql: 'SELECT key, value FROM marks WHERE scope = ?', parameters: 1 },
  checkpointValue: { sql: 'SELECT value FROM marks WHERE scope = ? AND key = ?', parameters: 2 },
  request: { sql: 'SELECT body_hash, answer FROM requests WHERE key = ?', parameters: 1 },
  facts: { sql: 'SELECT name, value FROM facts', parameters: 0 },
  lastSeqs: {
    sql: `SELECT (SELECT max(seq) FROM events), (SELECT max(seq) FROM deliveries),
      (SELECT seq FROM sqlite_sequence WHERE name = 'pushes')`,
    parameters: 0,
  },
  pushesSince: {
    sql: `SELECT p.seq, p.frame FROM pushes p WHERE p.keep_until > ?3 AND p.seq IN (
        SELECT push FROM push_recipients WHERE user = ?1 AND push > ?2
        UNION SELECT push FROM push_recipients WHERE user = '*' AND push > ?2)
      ORDER BY p.seq LIMIT ?4`,
    parameters: 4,
  },
} as const satisfies Record<string, Statement>;

export type ReadName = keyof typeof READS;
