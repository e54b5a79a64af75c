import { records } from './records.ts';

/** Function that compares the states that decisions read with the stored ones; NULL if they are equal. It locks those that are written. */
export const changedStates = (s: string): string => `
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

/** Function that writes states; those that were there before are locked and compared already. */
export const writeStates = (s: string): string => `
CREATE FUNCTION ${s}.write_states(made bigint, p json) RETURNS void LANGUAGE plpgsql AS $states$
BEGIN
  DELETE FROM ${s}.states st USING ${records('state', 'rule text, key text, step text, value json')}
    WHERE r.value IS NULL AND st.rule = r.rule AND st.step = r.step AND st.key = r.key;
  UPDATE ${s}.states st SET value = r.value::text, expires = r.expires, wake = r.wake, version = made
    FROM ${records('state', 'rule text, key text, step text, value json, expires bigint, wake bigint, version bigint')}
    WHERE r.value IS NOT NULL AND r.version > 0 AND st.rule = r.rule AND st.step = r.step AND st.key = r.key;
  INSERT INTO ${s}.states SELECT r.rule, r.step, r.key, r.value::text, r.expires, r.wake, made
    FROM ${records('state', 'rule text, key text, step text, value json, expires bigint, wake bigint, version bigint')}
    WHERE r.value IS NOT NULL AND r.version = 0 ORDER BY r.rule, r.step, r.key;
END $states$;`;
