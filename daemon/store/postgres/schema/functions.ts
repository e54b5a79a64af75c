import { historyFunctions } from './history-functions.ts';
import { memberFunctions } from './member-functions.ts';
import { FIRST_FINAL, PUSH, STATE } from '../../shared/stored-states.ts';

/** SQL: a JSON array as text with one more element. */
const appended = (list: string, element: string): string =>
  `CASE WHEN ${element} IS NULL THEN ${list} WHEN ${list} = '[]' THEN '[' || ${element} || ']'
    ELSE left(${list}, -1) || ',' || ${element} || ']' END`;

/** Bound for the lists of one event, because an alert may repeat for years. */
const MAX_LIST_CHARS = 32 * 1024;

const records = (array: string, columns: string): string => `json_to_recordset(p->'${array}') r(${columns})`;

/** Name of the lock under which numbers of pushes are given, so that they rise in the order of the commits. */
const PUSH_LOCK = `hashtextextended('belfry pushes', 0)`;

/**
 * Function that carries out one transaction of an owner: `p` has an array of records for each kind of write (`engine/batch.ts`). It
 * answers with JSON:
 *
 * - `{"fenced": true}`: the owner has lost its deliveries to another one; nothing was changed.
 * - `{"changed": [STATE], "ranges": [{rule, step, states}]}`: states that the decisions read are different now; nothing was changed.
 * - `{"taken": [{id_hash, source_hash, event, nth}], "request": true}`: an event or an Idempotency-Key was stored before; nothing was changed.
 * - `{"version": NUMBER, "results": [[n, VALUE]]}`: done. The same \`number\` again answers the same and changes nothing.
 *
 * Rows are locked in one order by all: owner, states by name, names, the pushes.
 */
const commit = (s: string): string => `
CREATE FUNCTION ${s}.commit(me bigint, transaction_number bigint, p json) RETURNS text LANGUAGE plpgsql AS $commit$
DECLARE
  before text;
  made bigint;
  refusal json;
  results json := '[]';
BEGIN
  IF p->'asynchronous' IS NOT NULL THEN PERFORM set_config('synchronous_commit', 'off', true); END IF;
  PERFORM FROM ${s}.owners o WHERE o.owner = me AND o.holder = me FOR NO KEY UPDATE;
  IF NOT FOUND THEN RETURN '{"fenced":true}'; END IF;
  SELECT c.result INTO before FROM ${s}.commits c WHERE c.owner = me AND c.number = transaction_number;
  IF FOUND THEN RETURN before; END IF;

  IF p->'read' IS NOT NULL OR p->'range' IS NOT NULL THEN
    refusal := ${s}.changed_states(p);
    IF refusal IS NOT NULL THEN RETURN refusal::text; END IF;
  END IF;
  IF p->'own' IS NOT NULL THEN
    SELECT json_build_object('taken', json_agg(json_build_object('id_hash', r.id_hash, 'source_hash', r.source_hash,
        'event', e.seq, 'nth', 0))) INTO refusal
      FROM ${records('own', 'seq bigint, id text, source text, id_hash bigint, source_hash bigint')}
      JOIN ${s}.events e ON e.seq = r.seq AND (e.body::json->'id')::text = r.id AND (e.body::json->'source')::text = r.source
      HAVING count(*) > 0;
    IF FOUND THEN RETURN refusal::text; END IF;
  END IF;
  IF p->'name' IS NOT NULL THEN
    SELECT json_build_object('taken', json_agg(json_build_object('id_hash', n.id_hash, 'source_hash', n.source_hash,
        'event', n.event, 'nth', n.nth))) INTO refusal
      FROM ${records('name', 'id_hash bigint, source_hash bigint, nth integer')}
      JOIN ${s}.names n ON n.id_hash = r.id_hash AND n.source_hash = r.source_hash AND n.nth >= r.nth HAVING count(*) > 0;
    IF FOUND THEN RETURN refusal::text; END IF;
  END IF;
  IF p->'request' IS NOT NULL THEN
    PERFORM FROM ${records('request', 'key text')} JOIN ${s}.requests q ON q.key = r.key;
    IF FOUND THEN RETURN '{"request":true}'; END IF;
  END IF;

  -- Nothing was written up to here. A row that another instance writes now ends the transaction with a unique violation.
  IF p->'name' IS NOT NULL THEN
    INSERT INTO ${s}.names SELECT r.id_hash, r.source_hash, r.nth, r.event
      FROM ${records('name', 'id_hash bigint, source_hash bigint, nth integer, event bigint')}
      ORDER BY r.id_hash, r.source_hash, r.nth;
  END IF;
  IF p->'request' IS NOT NULL THEN
    INSERT INTO ${s}.requests SELECT r.key, r.body_hash, r.answer, r.at
      FROM ${records('request', 'key text, body_hash text, answer text, at bigint')} ORDER BY r.key;
  END IF;
  made := nextval('${s}.versions');
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
  IF p->'state' IS NOT NULL THEN
    DELETE FROM ${s}.states st USING ${records('state', 'rule text, key text, step text, value json')}
      WHERE r.value IS NULL AND st.rule = r.rule AND st.step = r.step AND st.key = r.key;
    UPDATE ${s}.states st SET value = r.value::text, expires = r.expires, wake = r.wake, version = made
      FROM ${records('state', 'rule text, key text, step text, value json, expires bigint, wake bigint, version bigint')}
      WHERE r.value IS NOT NULL AND r.version > 0 AND st.rule = r.rule AND st.step = r.step AND st.key = r.key;
    INSERT INTO ${s}.states SELECT r.rule, r.step, r.key, r.value::text, r.expires, r.wake, made
      FROM ${records('state', 'rule text, key text, step text, value json, expires bigint, wake bigint, version bigint')}
      WHERE r.value IS NOT NULL AND r.version = 0 ORDER BY r.rule, r.step, r.key;
  END IF;
  IF p->'delivered' IS NOT NULL THEN
    UPDATE ${s}.deliveries d SET state = ${STATE.delivered}, attempts = r.attempts::text, receipt = r.receipt::text
      FROM ${records('delivered', 'seq bigint, attempts json, receipt json')}
      WHERE d.seq = r.seq AND d.state < ${FIRST_FINAL};
  END IF;
  PERFORM ${s}.write_others(p);
  IF p->'push' IS NOT NULL OR p->'pushAck' IS NOT NULL OR p->'pushCursor' IS NOT NULL THEN
    results := ${s}.write_pushes(p);
  END IF;
  before := json_build_object('version', made, 'results', results)::text;
  INSERT INTO ${s}.commits SELECT me, transaction_number, clock_timestamp(), before,
    CASE WHEN p->'state' IS NOT NULL OR p->'push' IS NOT NULL OR p->'requests' IS NOT NULL
      THEN json_build_object('state', p->'state', 'push', p->'push', 'requests', p->'requests')::text END, p->'counts';
  RETURN before;
END $commit$;`;

/** Function that compares the states that decisions read with the stored ones; NULL if they are equal. It locks those that are written. */
const changedStates = (s: string): string => `
CREATE FUNCTION ${s}.changed_states(p json) RETURNS json LANGUAGE plpgsql AS $changed$
DECLARE
  changed json;
  ranges json;
BEGIN
  IF p->'state' IS NOT NULL THEN
    PERFORM FROM ${s}.states st JOIN ${records('state', 'rule text, key text, step text')} USING (rule, step, key)
      ORDER BY st.rule, st.step, st.key FOR UPDATE OF st;
  END IF;
  SELECT json_agg(json_build_object('rule', r.rule, 'key', r.key, 'step', r.step, 'value', st.value::json,
      'expires', st.expires, 'wake', st.wake, 'version', coalesce(st.version, 0))) INTO changed
    FROM ${records('read', 'rule text, key text, step text, version bigint')}
    LEFT JOIN ${s}.states st ON st.rule = r.rule AND st.step = r.step AND st.key = r.key
    WHERE coalesce(st.version, 0) <> r.version;
  IF p->'range' IS NOT NULL THEN
    SELECT json_agg(json_build_object('rule', r.rule, 'step', r.step, 'states', (
        SELECT json_agg(json_build_object('key', st.key, 'value', st.value::json, 'expires', st.expires, 'wake', st.wake,
          'version', st.version)) FROM ${s}.states st WHERE st.rule = r.rule AND st.step = r.step))) INTO ranges
      FROM ${records('range', 'rule text, step text, count bigint, version bigint')}
      JOIN LATERAL (SELECT count(*) AS count, coalesce(max(st.version), 0) AS version FROM ${s}.states st
        WHERE st.rule = r.rule AND st.step = r.step) found ON true
      WHERE (found.count, found.version) <> (r.count, r.version);
  END IF;
  IF changed IS NULL AND ranges IS NULL THEN RETURN NULL; END IF;
  RETURN json_build_object('changed', changed, 'ranges', ranges);
END $changed$;`;

const writeOthers = (s: string): string => `
CREATE FUNCTION ${s}.write_others(p json) RETURNS void LANGUAGE plpgsql AS $others$
DECLARE
  follow record;
  target bigint;
BEGIN
  IF p->'deliveryName' IS NOT NULL THEN
    INSERT INTO ${s}.delivery_names SELECT r.id, r.seq FROM ${records('deliveryName', 'id text, seq bigint')};
  END IF;
  IF p->'settle' IS NOT NULL THEN
    UPDATE ${s}.deliveries d SET state = r.state, due = r.due, receipt = r.receipt::text, error = r.error::text,
        attempts = ${appended('d.attempts', 'r.added::text')}
      FROM ${records('settle', 'seq bigint, added json, state smallint, due bigint, receipt json, error json')}
      WHERE d.seq = r.seq AND d.state < ${FIRST_FINAL};
  END IF;
  IF p->'resolveDead' IS NOT NULL THEN
    UPDATE ${s}.deliveries d SET state = r.state, receipt = r.receipt::text, attempts = ${appended('d.attempts', 'r.added::text')}
      FROM ${records('resolveDead', 'seq bigint, added json, state smallint, receipt json')}
      WHERE d.seq = r.seq AND d.state = ${STATE.dead};
  END IF;
  IF p->'exchange' IS NOT NULL THEN
    INSERT INTO ${s}.exchanges SELECT r.delivery, r.body::text FROM ${records('exchange', 'delivery bigint, body json')}
      ON CONFLICT (delivery) DO UPDATE SET body = excluded.body;
  END IF;
  IF p->'eventDelivery' IS NOT NULL THEN
    UPDATE ${s}.events e SET deliveries = ${appended('e.deliveries', 'r.delivery::text')}
      FROM ${records('eventDelivery', 'seq bigint, delivery bigint')} WHERE e.seq = r.seq;
  END IF;
  IF p->'due' IS NOT NULL THEN
    UPDATE ${s}.deliveries d SET due = r.due FROM ${records('due', 'seq bigint, due bigint')}
      WHERE d.seq = r.seq AND d.state < ${STATE.sending};
  END IF;
  IF p->'delay' IS NOT NULL THEN
    -- The fields of the head come first, and a quotation mark inside of a text is escaped: the first match is the field.
    UPDATE ${s}.deliveries d SET due = r.due, expires = d.expires + r.due - d.due, body = CASE WHEN d.expires IS NULL THEN d.body
        ELSE regexp_replace(d.body, '"expiresAt":[0-9.e+]+', '"expiresAt":' || (d.expires + r.due - d.due)) END
      FROM ${records('delay', 'seq bigint, due bigint')} WHERE d.seq = r.seq AND d.state = ${STATE.pending};
  END IF;
  IF p->'statesDeleteExpired' IS NOT NULL THEN
    DELETE FROM ${s}.states WHERE (rule, step, key) IN (SELECT st.rule, st.step, st.key FROM ${s}.states st
      WHERE st.expires <= (SELECT max(r.until) FROM ${records('statesDeleteExpired', 'until bigint')}) FOR UPDATE SKIP LOCKED);
  END IF;
  IF p->'checkpoint' IS NOT NULL THEN
    DELETE FROM ${s}.marks m USING ${records('checkpoint', 'scope text, key text, value text')}
      WHERE r.value IS NULL AND m.scope = r.scope AND m.key = r.key;
    INSERT INTO ${s}.marks SELECT r.scope, r.key, r.value FROM ${records('checkpoint', 'scope text, key text, value text')}
      WHERE r.value IS NOT NULL ORDER BY r.scope, r.key ON CONFLICT (scope, key) DO UPDATE SET value = excluded.value;
  END IF;
  IF p->'lastUse' IS NOT NULL THEN
    INSERT INTO ${s}.last_uses SELECT r.kind, r.name, r.at FROM ${records('lastUse', 'kind smallint, name text, at bigint')}
      ORDER BY r.kind, r.name ON CONFLICT (kind, name) DO UPDATE SET at = greatest(last_uses.at, excluded.at);
  END IF;
  IF p->'ruleHour' IS NOT NULL THEN
    INSERT INTO ${s}.rule_hours SELECT r.hour, r.rule, r.outcome, r.count
      FROM ${records('ruleHour', 'hour bigint, rule text, outcome text, count bigint')}
      ORDER BY r.hour, r.rule, r.outcome
      ON CONFLICT (hour, rule, outcome) DO UPDATE SET count = rule_hours.count + excluded.count;
  END IF;
  IF p->'fact' IS NOT NULL THEN
    INSERT INTO ${s}.facts SELECT r.name, r.value FROM ${records('fact', 'name text, value text')}
      ON CONFLICT (name) DO UPDATE SET value = excluded.value;
  END IF;
  IF p->'eventFollowUp' IS NOT NULL THEN
    FOR follow IN SELECT * FROM ${records('eventFollowUp', 'own bigint, id json, id_hash bigint, source_hash bigint, delivery bigint, result json')} LOOP
      SELECT e.seq INTO target FROM ${s}.events e
        WHERE (e.seq = follow.own OR e.seq IN (SELECT n.event FROM ${s}.names n WHERE n.id_hash = follow.id_hash AND n.source_hash = follow.source_hash))
          AND (e.body::json->'id')::text = follow.id::text LIMIT 1;
      CONTINUE WHEN NOT FOUND;
      IF follow.delivery IS NOT NULL THEN
        UPDATE ${s}.events e SET deliveries = ${appended('e.deliveries', 'follow.delivery::text')}
          WHERE e.seq = target AND length(e.deliveries) < ${MAX_LIST_CHARS};
        IF FOUND THEN UPDATE ${s}.deliveries d SET event = target WHERE d.seq = follow.delivery; END IF;
      END IF;
      UPDATE ${s}.events e SET outcomes = ${appended('e.outcomes', 'follow.result::text')}
        WHERE follow.result IS NOT NULL AND e.seq = target AND length(e.outcomes) < ${MAX_LIST_CHARS};
    END LOOP;
  END IF;
  IF p->'pushCursors' IS NOT NULL THEN
    UPDATE ${s}.push_cursors c SET seq = moved.seq
      FROM (SELECT v->>0 AS name, max((v->>1)::bigint) AS seq FROM json_to_recordset(p->'pushCursors') r(moved json),
        json_array_elements(r.moved) v GROUP BY 1) moved
      WHERE c."user" = moved.name AND c.seq < moved.seq;
  END IF;
  IF p->'pushTrim' IS NOT NULL THEN
    WITH gone AS (DELETE FROM ${s}.pushes WHERE keep_until <= (SELECT max(r.now) FROM ${records('pushTrim', 'now bigint')}) RETURNING seq)
      DELETE FROM ${s}.push_recipients WHERE push IN (SELECT seq FROM gone);
  END IF;
END $others$;`;

/** Functions for pushes: numbers in the order of the commits, cursors of users, acknowledgements. */
const pushes = (s: string): string => `
CREATE FUNCTION ${s}.push_head() RETURNS bigint LANGUAGE sql AS
  $head$ SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM ${s}.push_numbers $head$;

CREATE FUNCTION ${s}.push_cursor(name text, moment bigint) RETURNS bigint LANGUAGE plpgsql AS $cursor$
DECLARE
  known bigint;
  oldest bigint;
BEGIN
  SELECT c.seq INTO known FROM ${s}.push_cursors c WHERE c."user" = name;
  IF FOUND THEN RETURN known; END IF;
  SELECT min(q.seq) INTO oldest FROM ${s}.push_recipients r JOIN ${s}.pushes q ON q.seq = r.push
    WHERE r."user" IN (name, '*') AND q.keep_until > moment AND (q.acknowledged = ${PUSH.waiting} OR (q.acknowledged = ${PUSH.seen}
      AND q.required = 'all' AND EXISTS (SELECT FROM json_array_elements_text(q.waiting::json) w WHERE w = name)));
  known := coalesce(oldest - 1, ${s}.push_head());
  INSERT INTO ${s}.push_cursors VALUES (name, known) ON CONFLICT DO NOTHING;
  RETURN known;
END $cursor$;

CREATE FUNCTION ${s}.push_ack(name text, upto bigint, moment bigint) RETURNS json LANGUAGE plpgsql AS $ack$
DECLARE
  start bigint := ${s}.push_cursor(name, moment);
  stop bigint := least(upto, ${s}.push_head());
  complete json;
BEGIN
  IF stop <= start THEN RETURN '[]'; END IF;
  UPDATE ${s}.push_cursors SET seq = stop WHERE "user" = name AND seq < stop;
  WITH left_users AS (
    SELECT q.seq, q.delivery, q.required, (SELECT coalesce(json_agg(w), '[]') FROM json_array_elements_text(q.waiting::json) w
        WHERE w NOT IN (name, '*')) AS waiting
      FROM ${s}.pushes q WHERE q.acknowledged < ${PUSH.complete} AND q.seq IN (
        SELECT r.push FROM ${s}.push_recipients r WHERE r."user" IN (name, '*') AND r.push > start AND r.push <= stop)
      ORDER BY q.seq FOR UPDATE
  ), written AS (
    UPDATE ${s}.pushes q SET waiting = l.waiting::text, acknowledged = CASE
        WHEN l.required = 'any' OR l.waiting::text = '[]' THEN ${PUSH.complete} ELSE ${PUSH.seen} END
      FROM left_users l WHERE q.seq = l.seq RETURNING q.seq, q.delivery, q.acknowledged
  ) SELECT coalesce(json_agg(w.delivery ORDER BY w.seq), '[]') INTO complete FROM written w WHERE w.acknowledged = ${PUSH.complete};
  RETURN complete;
END $ack$;

CREATE FUNCTION ${s}.write_pushes(p json) RETURNS json LANGUAGE plpgsql AS $pushes$
DECLARE
  one record;
  number bigint;
  results json[] := '{}';
BEGIN
  IF p->'push' IS NOT NULL THEN
    PERFORM pg_advisory_xact_lock(${PUSH_LOCK});
    FOR one IN SELECT * FROM ${records('push', 'n integer, delivery text, "to" text, required text, frame text, at bigint, keep_until bigint')} LOOP
      SELECT q.seq INTO number FROM ${s}.pushes q WHERE q.delivery = one.delivery;
      IF NOT FOUND THEN
        number := nextval('${s}.push_numbers');
        INSERT INTO ${s}.pushes VALUES (number, one.delivery, one.required, one."to", 0, one.frame, one.at, one.keep_until);
        INSERT INTO ${s}.push_recipients SELECT DISTINCT w, number FROM json_array_elements_text(one."to"::json) w;
      END IF;
      results := results || json_build_array(one.n, number);
    END LOOP;
  END IF;
  FOR one IN SELECT r.n, ${s}.push_ack(r."user", r.seq, r.now) AS value
      FROM json_to_recordset(coalesce(p->'pushAck', '[]')) r(n integer, "user" text, seq bigint, now bigint) LOOP
    results := results || json_build_array(one.n, one.value);
  END LOOP;
  FOR one IN SELECT r.n, ${s}.push_cursor(r."user", r.now) AS value
      FROM json_to_recordset(coalesce(p->'pushCursor', '[]')) r(n integer, "user" text, now bigint) LOOP
    results := results || json_build_array(one.n, one.value);
  END LOOP;
  RETURN array_to_json(results);
END $pushes$;`;

/** Functions of the schema `s`. They are replaced together with the tables, at a migration. */
export const functions = (s: string): string =>
  [changedStates(s), writeOthers(s), pushes(s), memberFunctions(s), historyFunctions(s), commit(s)].join('\n');
