/** Milliseconds for which a permit is good. */
export const PERMIT_MS = 1000;

/**
 * Function that gives permits for attempts of a channel: at most `most` in any `per` milliseconds. A permit counts from the last time at
 * which it may be used, so that no window has more attempts, whenever they are made.
 */
export const takePermits = (s: string): string => `
CREATE FUNCTION ${s}.take_permits(name text, most bigint, per bigint, wanted bigint) RETURNS json LANGUAGE plpgsql AS $permits$
DECLARE
  given bigint;
  next timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('belfry rate ' || name, 0));
  DELETE FROM ${s}.permits p WHERE p.channel = name AND p.until < clock_timestamp() - per * interval '1 millisecond';
  SELECT greatest(0, least(wanted, most - count(*))) INTO given FROM ${s}.permits p WHERE p.channel = name;
  INSERT INTO ${s}.permits SELECT name, clock_timestamp() + interval '${PERMIT_MS} milliseconds' FROM generate_series(1, given);
  SELECT min(p.until) INTO next FROM ${s}.permits p WHERE p.channel = name;
  RETURN json_build_object('granted', given, 'validFor', ${PERMIT_MS}, 'wait', greatest(1, ceil(
    extract(epoch FROM next - clock_timestamp()) * 1000 + per)));
END $permits$;`;
