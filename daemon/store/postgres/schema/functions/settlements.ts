import { FIRST_FINAL, STATE } from '../../../shared/stored-states.ts';
import { appended, records } from './records.ts';

/**
 * Function that changes deliveries: results of attempts, resent and dropped dead letters, other times. It answers with the changes of
 * the totals by what was changed for real: two instances may settle one delivery at the same time.
 */
export const writeSettlements = (s: string): string => `
CREATE FUNCTION ${s}.write_settlements(p json) RETURNS json LANGUAGE plpgsql AS $settlements$
DECLARE
  ended smallint[] := '{}';
  resolved bigint := 0;
BEGIN
  IF p->'delivered' IS NOT NULL THEN
    WITH changed AS (UPDATE ${s}.deliveries d SET state = ${STATE.delivered}, attempts = r.attempts::text, receipt = r.receipt::text
      FROM ${records('delivered', 'seq bigint, attempts json, receipt json')}
      WHERE d.seq = r.seq AND d.state < ${FIRST_FINAL} RETURNING d.state) SELECT array_agg(state) INTO ended FROM changed;
  END IF;
  IF p->'settle' IS NOT NULL THEN
    WITH changed AS (UPDATE ${s}.deliveries d SET state = r.state, due = r.due, receipt = r.receipt::text, error = r.error::text,
        attempts = ${appended('d.attempts', 'r.added::text')}
      FROM ${records('settle', 'seq bigint, added json, state smallint, due bigint, receipt json, error json')}
      WHERE d.seq = r.seq AND d.state < ${FIRST_FINAL} RETURNING d.state) SELECT ended || array_agg(state) INTO ended FROM changed;
  END IF;
  IF p->'resolveDead' IS NOT NULL THEN
    WITH changed AS (UPDATE ${s}.deliveries d SET state = r.state, receipt = r.receipt::text,
        attempts = ${appended('d.attempts', 'r.added::text')}
      FROM ${records('resolveDead', 'seq bigint, added json, state smallint, receipt json')}
      WHERE d.seq = r.seq AND d.state = ${STATE.dead} RETURNING d.state)
      SELECT ended || array_agg(state), count(*) INTO ended, resolved FROM changed;
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
  RETURN (SELECT json_build_object('delivered', count(*) FILTER (WHERE state = ${STATE.delivered}),
      'dead', count(*) FILTER (WHERE state = ${STATE.dead}) - resolved,
      'cancelled', count(*) FILTER (WHERE state = ${STATE.cancelled})) FROM unnest(ended) state);
END $settlements$;`;
