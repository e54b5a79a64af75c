import { ID_SLOTS } from '../../../../lib/id.ts';

/** Seconds of a lease. */
export const LEASE_SECONDS = 8;

const LEASE = `clock_timestamp() + interval '${LEASE_SECONDS} seconds'`;
/** Name of the lock under which instances join, so that no two get the same slot. */
const JOIN_LOCK = `hashtextextended('belfry members', 0)`;
/** Time for which what a transaction changed is kept for the other instances. */
const KEPT = "interval '2 minutes'";

/**
 * Functions about the instances. All times are the server's.
 *
 * - `join_members(name, details, replaced)`: begins a run of an instance. `{"busy": {owner, details, ms}}` while another one of this
 *   name lives, except the owner `replaced`; else `{"owner", "slot"}`. No slot is left: `{"full": true}`.
 * - `beat(me, details)`: renews the lease; `fenced` when another instance has taken over, else the members.
 * - `take_over(me, expired)`: gives `me` the deliveries of all owners that have none who sends them, with `expired` also of those whose
 *   lease has run out; the numbers of these owners.
 * - `leave_members(me)`: ends the lease.
 * - `poll(me, known)`: what other owners have committed since their number in `known` (owner -> number); an owner that is not in it is
 *   read from its start.
 */
export const memberFunctions = (s: string): string => [join(s), beat(s), takeOver(s), feed(s)].join('\n');

const join = (s: string): string => `
CREATE FUNCTION ${s}.join_members(name text, details text, replaced bigint) RETURNS json LANGUAGE plpgsql AS $join$
DECLARE
  busy json;
  me bigint;
  free integer;
BEGIN
  PERFORM pg_advisory_xact_lock(${JOIN_LOCK});
  DELETE FROM ${s}.leases l USING ${s}.owners o WHERE o.owner = l.owner AND o.instance = name
    AND (l.owner = replaced OR l.until <= clock_timestamp());
  SELECT json_build_object('busy', json_build_object('owner', l.owner, 'details', l.details,
      'ms', ceil(extract(epoch FROM l.until - clock_timestamp()) * 1000))) INTO busy
    FROM ${s}.leases l JOIN ${s}.owners o USING (owner) WHERE o.instance = name AND l.until > clock_timestamp() LIMIT 1;
  IF FOUND THEN RETURN busy; END IF;
  SELECT min(n) INTO free FROM generate_series(0, ${ID_SLOTS - 1}) n
    WHERE n NOT IN (SELECT o.slot FROM ${s}.owners o JOIN ${s}.leases l USING (owner));
  IF free IS NULL THEN RETURN '{"full":true}'; END IF;
  me := nextval('${s}.owner_numbers');
  INSERT INTO ${s}.owners(owner, slot, holder, instance) VALUES (me, free, me, name);
  INSERT INTO ${s}.leases VALUES (me, ${LEASE}, join_members.details);
  RETURN json_build_object('owner', me, 'slot', free);
END $join$;`;

const beat = (s: string): string => `
CREATE FUNCTION ${s}.beat(me bigint, now_details text) RETURNS json LANGUAGE plpgsql AS $beat$
BEGIN
  UPDATE ${s}.leases l SET until = ${LEASE}, details = now_details
    WHERE l.owner = me AND EXISTS (SELECT FROM ${s}.owners o WHERE o.owner = me AND o.holder = me);
  IF NOT FOUND THEN RETURN '{"fenced":true}'; END IF;
  PERFORM ${s}.prune(me);
  RETURN json_build_object('members', (SELECT json_agg(json_build_object('owner', o.owner, 'instance', o.instance, 'slot', o.slot,
      'since', extract(epoch FROM o.since) * 1000, 'ms', floor(extract(epoch FROM l.until - clock_timestamp()) * 1000),
      'details', l.details::json) ORDER BY o.owner)
    FROM ${s}.leases l JOIN ${s}.owners o USING (owner)), 'now', floor(extract(epoch FROM clock_timestamp()) * 1000));
END $beat$;

CREATE FUNCTION ${s}.prune(me bigint) RETURNS void LANGUAGE sql AS $prune$
  WITH gone AS (
    DELETE FROM ${s}.commits WHERE (owner, number) IN (
      SELECT c.owner, c.number FROM ${s}.commits c
        WHERE c.at < clock_timestamp() - ${KEPT} AND (c.owner = me OR c.owner NOT IN (SELECT l.owner FROM ${s}.leases l))
        ORDER BY c.owner, c.number LIMIT 5000 FOR UPDATE SKIP LOCKED)
    RETURNING counts
  )
  INSERT INTO ${s}.totals SELECT c.key, sum(c.value::bigint) FROM gone, json_each_text(gone.counts::json) c GROUP BY 1 ORDER BY 1
    ON CONFLICT (name) DO UPDATE SET count = totals.count + excluded.count;
$prune$;`;

const takeOver = (s: string): string => `
CREATE FUNCTION ${s}.take_over(me bigint, expired boolean) RETURNS json LANGUAGE plpgsql AS $take$
DECLARE
  taken bigint[];
BEGIN
  DELETE FROM ${s}.leases WHERE owner IN (
    SELECT l.owner FROM ${s}.leases l WHERE expired AND l.until < clock_timestamp() AND l.owner <> me FOR UPDATE SKIP LOCKED);
  WITH orphans AS (
    SELECT o.owner FROM ${s}.owners o WHERE o.holder NOT IN (SELECT l.owner FROM ${s}.leases l) ORDER BY o.owner FOR UPDATE SKIP LOCKED
  ), changed AS (
    UPDATE ${s}.owners o SET holder = me, ended = coalesce(o.ended, clock_timestamp()) FROM orphans
      WHERE o.owner = orphans.owner RETURNING o.owner
  ) SELECT array_agg(owner) INTO taken FROM changed;
  DELETE FROM ${s}.owners o WHERE o.holder = me AND o.owner <> me AND o.ended < clock_timestamp() - ${KEPT}
    AND NOT EXISTS (SELECT FROM ${s}.deliveries d WHERE d.owner = o.owner AND d.state < 3);
  RETURN coalesce(to_json(taken), '[]');
END $take$;

CREATE FUNCTION ${s}.leave_members(me bigint) RETURNS void LANGUAGE sql AS $leave$
  DELETE FROM ${s}.leases WHERE owner = me;
$leave$;`;

const feed = (s: string): string => `
CREATE FUNCTION ${s}.poll(me bigint, known json) RETURNS json LANGUAGE sql STABLE AS $poll$
  SELECT json_build_object(
    'ended', EXISTS (SELECT FROM ${s}.leases l WHERE l.until < clock_timestamp()) OR EXISTS (
      SELECT FROM ${s}.owners o WHERE o.holder NOT IN (SELECT l.owner FROM ${s}.leases l)),
    'commits', (SELECT json_agg(json_build_array(c.owner, c.number, (c.result::json->>'version')::bigint, c.changes::json, c.counts::json,
        c.result::json->'results') ORDER BY (c.result::json->>'version')::bigint)
      FROM ${s}.owners o LEFT JOIN json_each_text(known) k ON k.key = o.owner::text
      JOIN LATERAL (SELECT * FROM ${s}.commits c WHERE c.owner = o.owner AND c.number > coalesce(k.value::bigint, 0)) c ON true
      WHERE o.owner <> me));
$poll$;

CREATE FUNCTION ${s}.start_of(me bigint) RETURNS json LANGUAGE sql STABLE AS $start$
  SELECT json_build_object(
    'known', (SELECT json_object_agg(owner, number) FROM (SELECT owner, max(number) AS number FROM ${s}.commits GROUP BY owner) c),
    'totals', (SELECT json_object_agg(name, count) FROM (
      SELECT name, sum(count) AS count FROM (
        SELECT name, count FROM ${s}.totals UNION ALL
        SELECT e.key, e.value::bigint FROM ${s}.commits c, json_each_text(c.counts::json) e) all_counts GROUP BY name) t),
    'states', (SELECT json_agg(json_build_object('rule', rule, 'step', step, 'key', key, 'value', value::json, 'expires', expires,
      'wake', wake, 'version', version)) FROM ${s}.states),
    'push_head', ${s}.push_head(), 'holds', (SELECT json_agg(owner) FROM ${s}.owners WHERE holder = me));
$start$;
`;
