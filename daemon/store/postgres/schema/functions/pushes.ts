import { PUSH } from '../../../shared/stored-states.ts';
import { records } from './records.ts';

/** Name of the lock under which numbers of pushes are given, so that they rise in the order of the commits. */
const PUSH_LOCK = `hashtextextended('belfry pushes', 0)`;

/** Functions for the cursors of users and their acknowledgements. */
export const pushCursors = (s: string): string => `
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
END $ack$;`;

/** Function that adds pushes, with numbers in the order of the commits, and carries out acknowledgements. */
export const writePushes = (s: string): string => `
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
