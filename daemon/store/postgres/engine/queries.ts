import { FIRST_FINAL, PUSH, STATE } from '../../shared/stored-states.ts';
import type { ReadName } from '../../shared/names.ts';
import type { Queries } from '../../shared/writes.ts';
import { DELIVERY_COLUMNS, deliveryTables, eventColumns } from '../schema/columns.ts';
import type { Database } from './database.ts';

/** Bytes of an event above which `latestEvents` leaves it out. */
const LARGE_EVENT = 64 * 1024;

const reads = (s: string): Readonly<Record<ReadName, string>> => {
  const events = `SELECT ${eventColumns(s)} FROM ${s}.events e`;
  const deliveries = `SELECT ${DELIVERY_COLUMNS} FROM ${deliveryTables(s)}`;
  return {
    eventAt: `${events} WHERE e.seq = $1`,
    eventsNamed: `${events} JOIN ${s}.names n ON n.event = e.seq WHERE n.id_hash = $1 ORDER BY n.event DESC LIMIT 100`,
    eventsOfSource: `${events} JOIN ${s}.names n ON n.event = e.seq WHERE n.id_hash = $1 AND n.source_hash = $2`,
    eventsBefore: `SELECT e.seq, e.at, e.body, e.outcomes, '[]', '[]' FROM ${s}.events e
      WHERE e.seq < $1 AND e.seq >= $2 AND octet_length(e.body) <= ${LARGE_EVENT} ORDER BY e.seq DESC LIMIT $3`,
    deliveryAt: `${deliveries} WHERE d.seq = $1`,
    deliveryNamed: `SELECT ${DELIVERY_COLUMNS} FROM ${s}.delivery_names n JOIN ${s}.deliveries d ON d.seq = n.seq
      LEFT JOIN ${s}.events e ON e.seq = d.event WHERE n.id = $1`,
    deliveriesIn: `SELECT ${DELIVERY_COLUMNS} FROM json_array_elements_text($1::json) WITH ORDINALITY j
      JOIN ${s}.deliveries d ON d.seq = j.value::bigint LEFT JOIN ${s}.events e ON e.seq = d.event ORDER BY j.ordinality`,
    eventOf: `SELECT event FROM ${s}.deliveries WHERE seq = $1`,
    exchange: `SELECT body FROM ${s}.exchanges WHERE delivery = $1`,
    checkpoints: `SELECT key, value FROM ${s}.marks WHERE scope = $1`,
    checkpointValue: `SELECT value FROM ${s}.marks WHERE scope = $1 AND key = $2`,
    request: `SELECT body_hash, answer FROM ${s}.requests WHERE key = $1`,
    pushesSince: `SELECT p.seq, p.frame FROM ${s}.pushes p WHERE p.keep_until > $3 AND p.seq IN (
        SELECT push FROM ${s}.push_recipients WHERE "user" IN ($1, '*') AND push > $2)
      ORDER BY p.seq LIMIT $4`,
  };
};

/** Named queries on a schema. */
export function openQueries(database: Database, s: string, check: () => void): Queries {
  const sql = reads(s);
  return {
    rows: async (name, ...values) => {
      check();
      return database.rows(sql[name], values);
    },
  };
}

/** Deliveries that are not final, of the owners in a JSON array; a page of them by their number. */
export const openDeliveries = (s: string): string =>
  `SELECT seq, channel, state, due, expires, key_hash, id_hash FROM ${s}.deliveries
    WHERE state < ${FIRST_FINAL} AND owner = ANY($1::bigint[]) AND seq > $2 ORDER BY seq LIMIT $3`;

/** Ids of these deliveries that do not contain their number. */
export const openDeliveryNames = (s: string): string =>
  `SELECT n.id, n.seq FROM ${s}.delivery_names n JOIN ${s}.deliveries d ON d.seq = n.seq
    WHERE d.state < ${FIRST_FINAL} AND d.owner = ANY($1::bigint[])`;

/** Deliveries that wait for a receipt although their push is acknowledged: the instance that heard of it has ended between the two. */
export const acknowledged = (s: string): string =>
  `SELECT p.delivery FROM ${s}.deliveries d JOIN ${s}.pushes p ON p.delivery = d.body::json->>'id'
    WHERE d.state = ${STATE.sending} AND p.acknowledged = ${PUSH.complete}`;

/** Deliveries, by number and hash of the key, before which another instance still has one of the same key. `$4`: the own owner. */
export const waitingForOthers = (s: string): string =>
  `SELECT r.seq FROM unnest($1::bigint[], $2::bigint[]) r(seq, key_hash) WHERE EXISTS (
    SELECT FROM ${s}.deliveries d WHERE d.state < ${FIRST_FINAL} AND d.channel = $3 AND d.key_hash = r.key_hash AND d.seq < r.seq
      AND d.owner NOT IN (SELECT o.owner FROM ${s}.owners o WHERE o.holder = $4))`;
