import { FIRST_FINAL, STATE } from '../../../shared/stored-states.ts';

/** SQL: whether this transaction may trim. One instance at a time does the work. */
const mayTrim = (s: string): string => `pg_try_advisory_xact_lock(hashtextextended('belfry trim ${s}', 0))`;

/** Prefix of the totals of what was deleted; only trimming writes them. */
export const FORGOTTEN = 'forgotten:';

const forget = (
  s: string,
  counts: string,
): string => `INSERT INTO ${s}.totals AS t SELECT '${FORGOTTEN}' || f.name, f.count
      FROM (${counts}) f(name, count) ON CONFLICT (name) DO UPDATE SET count = t.count + excluded.count`;

/**
 * Functions that delete history; each call is one transaction. They answer with the number of rows deleted, or NULL while another
 * instance does the work. They wait for no row of another transaction, so that they are in no deadlock.
 *
 * - `trim_events`: deletes events without deliveries that are not final or dead. An event is locked before its deliveries are looked at:
 *   a transaction that adds one changes the event too. `id_hashes` and `source_hashes` are of ids that senders chose, NULL for others;
 *   `delivery_ids` are ids in `delivery_names`.
 * - `trim_deliveries`: deletes deliveries that are final and not dead, with what is stored beside them.
 */
const trim = (s: string): string => `
CREATE FUNCTION ${s}.trim_events(seqs bigint[], id_hashes bigint[], source_hashes bigint[], delivery_ids text[]) RETURNS bigint LANGUAGE plpgsql AS $trim$
DECLARE
  locked bigint[];
  gone bigint[];
BEGIN
  IF NOT ${mayTrim(s)} THEN RETURN NULL; END IF;
  SELECT array_agg(e.seq) INTO locked FROM
    (SELECT seq FROM ${s}.events WHERE seq = ANY(seqs) ORDER BY seq FOR UPDATE SKIP LOCKED) e;
  SELECT array_agg(e.seq) INTO gone FROM ${s}.events e WHERE e.seq = ANY(locked) AND NOT EXISTS (
    SELECT FROM json_array_elements_text(e.deliveries::json) j JOIN ${s}.deliveries d ON d.seq = j::bigint
      WHERE d.state < ${FIRST_FINAL} OR d.state = ${STATE.dead});
  IF gone IS NULL THEN RETURN 0; END IF;
  PERFORM ${s}.trim_deliveries(ARRAY(SELECT j::bigint FROM ${s}.events e, json_array_elements_text(e.deliveries::json) j
    WHERE e.seq = ANY(gone)), delivery_ids);
  ${forget(s, `SELECT 'event:' || e.summary, count(*) FROM ${s}.events e WHERE e.seq = ANY(gone) GROUP BY e.summary`)};
  DELETE FROM ${s}.names n USING unnest(seqs, id_hashes, source_hashes) r(seq, id_hash, source_hash)
    WHERE r.seq = ANY(gone) AND n.id_hash = r.id_hash AND n.source_hash = r.source_hash AND n.event = r.seq;
  DELETE FROM ${s}.events WHERE seq = ANY(gone);
  RETURN cardinality(gone);
END $trim$;

CREATE FUNCTION ${s}.trim_deliveries(seqs bigint[], delivery_ids text[]) RETURNS bigint LANGUAGE plpgsql AS $trim$
DECLARE
  gone bigint[];
BEGIN
  IF NOT ${mayTrim(s)} THEN RETURN NULL; END IF;
  SELECT array_agg(d.seq) INTO gone FROM (SELECT seq FROM ${s}.deliveries WHERE seq = ANY(seqs)
    AND state IN (${STATE.delivered}, ${STATE.cancelled}) ORDER BY seq FOR UPDATE SKIP LOCKED) d;
  IF gone IS NULL THEN RETURN 0; END IF;
  ${forget(
    s,
    `SELECT c.name, sum(c.count) FROM ${s}.deliveries d, LATERAL (VALUES ('owed', 1),
        (CASE d.state WHEN ${STATE.delivered} THEN 'delivered' ELSE 'cancelled' END, 1)) c(name, count)
        WHERE d.seq = ANY(gone) GROUP BY c.name`,
  )};
  DELETE FROM ${s}.exchanges WHERE delivery = ANY(gone);
  DELETE FROM ${s}.delivery_names WHERE id = ANY(delivery_ids) AND seq = ANY(gone);
  DELETE FROM ${s}.deliveries WHERE seq = ANY(gone);
  RETURN cardinality(gone);
END $trim$;`;

/**
 * Functions that delete what is kept for a limited time beside the history.
 *
 * - `trim_requests`: deletes Idempotency-Keys, a limited number.
 * - `trim_uses`: deletes last uses, and outcomes by hour. An hour is compared with the newest one, because the clocks of the instances may
 *   differ from that of the server.
 */
const trimRest = (s: string): string => `
CREATE FUNCTION ${s}.trim_requests(until bigint, most bigint) RETURNS bigint LANGUAGE plpgsql AS $trim$
DECLARE
  count bigint;
BEGIN
  IF NOT ${mayTrim(s)} THEN RETURN NULL; END IF;
  DELETE FROM ${s}.requests WHERE key = ANY(ARRAY(
    SELECT q.key FROM ${s}.requests q WHERE q.at < until LIMIT most FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS count = ROW_COUNT;
  RETURN count;
END $trim$;

CREATE FUNCTION ${s}.trim_uses(until bigint, kept_ms bigint) RETURNS bigint LANGUAGE plpgsql AS $trim$
DECLARE
  newest bigint;
  count bigint;
BEGIN
  IF NOT ${mayTrim(s)} THEN RETURN NULL; END IF;
  DELETE FROM ${s}.last_uses u USING (SELECT kind, name FROM ${s}.last_uses WHERE at < until FOR UPDATE SKIP LOCKED) o
    WHERE u.kind = o.kind AND u.name = o.name;
  GET DIAGNOSTICS count = ROW_COUNT;
  SELECT least(max(h.hour), (extract(epoch FROM clock_timestamp()) * 1000)::bigint) INTO newest FROM ${s}.rule_hours h;
  DELETE FROM ${s}.rule_hours h USING (SELECT hour, rule, outcome FROM ${s}.rule_hours WHERE hour <= newest - kept_ms
    FOR UPDATE SKIP LOCKED) o WHERE h.hour = o.hour AND h.rule = o.rule AND h.outcome = o.outcome;
  RETURN count;
END $trim$;`;

/**
 * Functions that find texts which are not JSON documents: PostgreSQL has a test for one since version 16 only. `unreadable` answers with
 * the keys of the rows, as JSON. It tries all rows at once, and one by one only if that fails: a block that catches an error costs more
 * than parsing. It reads with the snapshot of the statement that calls it.
 */
const unreadable = (s: string): string => `
CREATE FUNCTION ${s}.is_json(document text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT AS $json$
BEGIN
  PERFORM document::json;
  RETURN true;
EXCEPTION WHEN invalid_text_representation THEN
  RETURN false;
END $json$;

CREATE FUNCTION ${s}.unreadable(relation text, key text, documents text[]) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $unreadable$
BEGIN
  EXECUTE format('SELECT %s FROM ${s}.%I', (SELECT string_agg(format('count(%I::json)', d), ', ') FROM unnest(documents) d), relation);
EXCEPTION WHEN invalid_text_representation THEN
  RETURN QUERY EXECUTE format('SELECT to_json(%s)::text FROM ${s}.%I WHERE %s', key, relation,
    (SELECT string_agg(format('NOT ${s}.is_json(%I)', d), ' OR ') FROM unnest(documents) d));
END $unreadable$;`;

/** Functions for the history in the schema `s`. */
export const historyFunctions = (s: string): string => [trim(s), trimRest(s), unreadable(s)].join('\n');
