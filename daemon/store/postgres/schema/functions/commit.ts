import { STATE } from '../../../shared/stored-states.ts';
import { records } from './records.ts';

/**
 * Function that carries out one transaction of an owner: `p` has an array of records for each kind of write (`engine/batch.ts`). It
 * answers with JSON:
 *
 * - `{"fenced": true}`: the owner has lost its deliveries to another one; nothing was changed.
 * - `{"changed": [STATE], "ranges": [{rule, step, states}]}`: states that the decisions read are different now; nothing was changed.
 * - `{"taken": [{id_hash, source_hash, event, nth}], "request": true}`: an event or an Idempotency-Key was stored before; nothing was changed.
 * - `{"version": NUMBER, "results": [[n, VALUE]], "counts": {NAME: CHANGE}}`: done. The same `number` again answers the same and changes nothing.
 *
 * Rows are locked in one order by all: owner, states by name, names, the pushes.
 */
export const commit = (s: string): string => `
CREATE FUNCTION ${s}.commit(me bigint, transaction_number bigint, p json) RETURNS text LANGUAGE plpgsql AS $commit$
DECLARE
  before text;
  made bigint;
  refusal json;
  results json := '[]';
  counts json;
BEGIN
  IF p->'asynchronous' IS NOT NULL THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  ELSIF current_setting('synchronous_commit') = 'off' THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  PERFORM FROM ${s}.owners o WHERE o.owner = me AND o.holder = me FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN '{"fenced":true}'; END IF;
  SELECT c.result INTO before FROM ${s}.commits c WHERE c.owner = me AND c.number = transaction_number;
  IF FOUND THEN RETURN before; END IF;

  IF p->'read' IS NOT NULL OR p->'range' IS NOT NULL THEN
    refusal := ${s}.changed_states(p);
    IF refusal IS NOT NULL THEN RETURN refusal::text; END IF;
  END IF;
  refusal := ${s}.known_rows(p);
  IF refusal IS NOT NULL THEN RETURN refusal::text; END IF;

  -- Nothing was written up to here. A row that another instance writes now ends the transaction with a unique violation.
  made := nextval('${s}.versions');
  PERFORM ${s}.write_new(me, p);
  IF p->'state' IS NOT NULL THEN PERFORM ${s}.write_states(made, p); END IF;
  SELECT json_object_agg(c.key, c.value) INTO counts FROM (
    SELECT key, value::bigint FROM json_each_text(p->'counts') UNION ALL
    SELECT key, value::bigint FROM json_each_text(${s}.write_settlements(p))) c WHERE c.value <> 0;
  PERFORM ${s}.write_others(p);
  IF p->'eventFollowUp' IS NOT NULL THEN PERFORM ${s}.write_follow_ups(p); END IF;
  IF p->'push' IS NOT NULL OR p->'pushAck' IS NOT NULL OR p->'pushCursor' IS NOT NULL THEN
    results := ${s}.write_pushes(p);
  END IF;
  before := json_build_object('version', made, 'results', results, 'counts', counts)::text;
  INSERT INTO ${s}.commits SELECT me, transaction_number, clock_timestamp(), before,
    CASE WHEN p->'state' IS NOT NULL OR p->'push' IS NOT NULL OR p->'requests' IS NOT NULL
      THEN json_build_object('state', p->'state', 'push', p->'push', 'requests', p->'requests')::text END, counts;
  RETURN before;
END $commit$;`;

/** Function that finds what was stored before: events with the same id, an Idempotency-Key. NULL if there is nothing. */
export const knownRows = (s: string): string => `
CREATE FUNCTION ${s}.known_rows(p json) RETURNS json LANGUAGE plpgsql AS $known$
DECLARE
  refusal json;
BEGIN
  IF p->'own' IS NOT NULL THEN
    SELECT json_build_object('taken', json_agg(json_build_object('id_hash', r.id_hash, 'source_hash', r.source_hash,
        'event', e.seq, 'nth', 0))) INTO refusal
      FROM ${records('own', 'seq bigint, id text, source text, id_hash bigint, source_hash bigint')}
      JOIN ${s}.events e ON e.seq = r.seq AND (e.body::json->'id')::text = r.id AND (e.body::json->'source')::text = r.source
      HAVING count(*) > 0;
    IF FOUND THEN RETURN refusal; END IF;
  END IF;
  IF p->'name' IS NOT NULL THEN
    SELECT json_build_object('taken', json_agg(json_build_object('id_hash', n.id_hash, 'source_hash', n.source_hash,
        'event', n.event, 'nth', n.nth))) INTO refusal
      FROM ${records('name', 'id_hash bigint, source_hash bigint, nth integer')}
      JOIN ${s}.names n ON n.id_hash = r.id_hash AND n.source_hash = r.source_hash AND n.nth >= r.nth HAVING count(*) > 0;
    IF FOUND THEN RETURN refusal; END IF;
  END IF;
  IF p->'request' IS NOT NULL THEN
    PERFORM FROM ${records('request', 'key text')} JOIN ${s}.requests q ON q.key = r.key;
    IF FOUND THEN RETURN '{"request":true}'; END IF;
  END IF;
  RETURN NULL;
END $known$;`;

/** Function that adds events and deliveries with their names. */
export const writeNew = (s: string): string => `
CREATE FUNCTION ${s}.write_new(me bigint, p json) RETURNS void LANGUAGE plpgsql AS $new$
BEGIN
  IF p->'name' IS NOT NULL THEN
    INSERT INTO ${s}.names SELECT r.id_hash, r.source_hash, r.nth, r.event
      FROM ${records('name', 'id_hash bigint, source_hash bigint, nth integer, event bigint')}
      ORDER BY r.id_hash, r.source_hash, r.nth;
  END IF;
  IF p->'request' IS NOT NULL THEN
    INSERT INTO ${s}.requests SELECT r.key, r.body_hash, r.answer, r.at
      FROM ${records('request', 'key text, body_hash text, answer text, at bigint')} ORDER BY r.key;
  END IF;
  IF p->'event' IS NOT NULL THEN
    INSERT INTO ${s}.events SELECT r.seq, r.at, r.body::text, r.outcomes::text, r.summary, r.deliveries::text
      FROM ${records('event', 'seq bigint, at bigint, body json, outcomes json, summary text, deliveries json')};
  END IF;
  IF p->'delivery' IS NOT NULL THEN
    INSERT INTO ${s}.deliveries SELECT r.seq, me, r.event, r.channel,
        CASE WHEN r.attempts IS NULL THEN ${STATE.pending} ELSE ${STATE.retry} END, r.due, r.expires, r.key_hash, r.id_hash,
        r.body::text, coalesce(r.attempts::text, '[]'), NULL, NULL
      FROM ${records('delivery', 'seq bigint, event bigint, channel text, due bigint, expires bigint, key_hash bigint, id_hash bigint, body json, attempts json')};
  END IF;
  IF p->'deliveryName' IS NOT NULL THEN
    INSERT INTO ${s}.delivery_names SELECT r.id, r.seq FROM ${records('deliveryName', 'id text, seq bigint')};
  END IF;
END $new$;`;
