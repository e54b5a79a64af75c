import { appended, records } from './records.ts';

/** Bound for the lists of one event, because an alert may repeat for years. */
const MAX_LIST_CHARS = 32 * 1024;

/** Function that adds deliveries and later results to earlier events; does nothing for an event that was deleted. */
export const writeFollowUps = (s: string): string => `
CREATE FUNCTION ${s}.write_follow_ups(p json) RETURNS void LANGUAGE plpgsql AS $follow$
DECLARE
  follow record;
  target bigint;
BEGIN
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
END $follow$;`;
