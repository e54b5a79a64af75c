import { records } from './records.ts';

/** Function that writes what no other function does: checkpoints, counts, facts, and what has expired. */
export const writeOthers = (s: string): string => `
CREATE FUNCTION ${s}.write_others(p json) RETURNS void LANGUAGE plpgsql AS $others$
BEGIN
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
