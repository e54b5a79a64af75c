import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { formatDuration } from '../../../lib/time/duration.ts';
import type { Clock } from '../../../lib/time/clock.ts';
import type { DatabaseFacts, ExaminedDatabase, ServerSetting } from '../../database-facts.ts';
import type { Row } from '../../shared/writes.ts';
import { connectionString } from '../engine/address.ts';
import { postgresError } from '../engine/errors.ts';
import { quotedName, refuseOtherSchema, schemaState } from './migrate.ts';

export interface ExamineOptions {
  readonly url: string;
  /** Name of the schema, without quotation marks. */
  readonly schema: string;
  readonly clock: Clock;
}

const CONNECT_TIMEOUT_MS = 5000;
const QUERY_TIMEOUT_MS = 5000;
/** Time for which a notification is awaited. */
const NOTIFY_MS = 2000;
/** Age from which on a transaction is reported. */
const OLD_TRANSACTION_MINUTES = 5;
/** Measurements of the difference of the clocks, of which the quickest counts. */
const CLOCK_READINGS = 3;

const SERVER = `SELECT current_setting('server_version'), current_setting('server_version_num')::integer / 10000,
  current_setting('server_encoding'), pg_is_in_recovery(), current_user::text,
  (SELECT min(n) FROM (VALUES
    (current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
      - coalesce(current_setting('reserved_connections', true)::integer, 0)),
    ((SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database())),
    ((SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user))) v(n)),
  (SELECT count(*)::integer FROM pg_stat_replication),
  (SELECT count(*)::integer FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum')),
  pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')`;

const SETTINGS = `SELECT name, setting FROM pg_settings WHERE name = ANY($1::text[])`;
const SETTING_NAMES: readonly ServerSetting[] = [
  'autovacuum',
  'fsync',
  'full_page_writes',
  'synchronous_commit',
  'synchronous_standby_names',
];

/** Privileges that the program uses and that the user lacks. */
const MISSING = `
  SELECT 'USAGE on the schema' FROM pg_namespace n WHERE n.nspname = $1 AND NOT has_schema_privilege(n.oid, 'USAGE')
  UNION ALL
  SELECT privilege || ' on ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace,
      unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) privilege
    WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') AND NOT has_table_privilege(c.oid, privilege)
  UNION ALL
  SELECT 'USAGE on ' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = $1 AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') ELSE false END
  UNION ALL
  SELECT 'EXECUTE on ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = $1 AND NOT has_function_privilege(p.oid, 'EXECUTE')`;

/** Holders of an old snapshot or of log segments: kind, name, seconds. */
const HELD = `
  SELECT 'transaction', format('process %s of %s', pid, coalesce(nullif(application_name, ''), usename)),
      extract(epoch FROM clock_timestamp() - xact_start)::float8 FROM pg_stat_activity
    WHERE backend_xmin IS NOT NULL AND datname = current_database() AND xact_start < clock_timestamp() - $1::interval
  UNION ALL
  SELECT 'prepared', gid, extract(epoch FROM clock_timestamp() - prepared)::float8 FROM pg_prepared_xacts
    WHERE database = current_database() AND prepared < clock_timestamp() - $1::interval
  UNION ALL
  SELECT 'slot', slot_name::text, 0 FROM pg_replication_slots WHERE NOT active`;

type Query = (text: string, values?: readonly unknown[]) => Promise<readonly Row[]>;

/** Examines the server and the schema by connections of its own. Changes nothing. Never rejects. */
export async function examineDatabase(options: ExamineOptions): Promise<ExaminedDatabase> {
  const clients: pg.Client[] = [];
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({
      connectionString: connectionString(options.url),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: QUERY_TIMEOUT_MS,
      application_name: 'belfry doctor',
    });
    clients.push(client);
    // Without a listener, a connection that breaks between two queries would end the process.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };
  try {
    return await factsOf(await connect(), connect, options);
  } catch (error) {
    return { unreachable: postgresError(error).message };
  } finally {
    await Promise.all(clients.map((client) => client.end().catch(() => undefined)));
  }
}

async function factsOf(
  client: pg.Client,
  connect: () => Promise<pg.Client>,
  { schema, clock }: ExamineOptions,
): Promise<DatabaseFacts> {
  const query: Query = async (text, values = []) =>
    (await client.query<Row[number][]>({ text, values: [...values], rowMode: 'array' })).rows;
  const [version, major, encoding, isStandby, user, maxConnections, all, synchronous, seesOthers] = (
    await query(SERVER)
  )[0]!;
  const missing = await query(MISSING, [schema]);
  const held = await query(HELD, [`${OLD_TRANSACTION_MINUTES} minutes`]);
  const { isUsable, schemaFault } = await examineSchema(query, schema);
  return {
    version: String(version),
    major: Number(major),
    encoding: String(encoding),
    isStandby: Boolean(isStandby),
    user: String(user),
    missingPrivileges: missing.map(([text]) => String(text)),
    ...(schemaFault !== undefined && { schemaFault }),
    instances: isUsable && missing.length === 0 ? await instancesIn(query, schema) : 0,
    isNotified: await isNotified(client, connect, clock),
    clockAhead: await clockAhead(query, clock),
    maxConnections: Number(maxConnections),
    settings: Object.fromEntries(await query(SETTINGS, [SETTING_NAMES])) as Record<ServerSetting, string>,
    standbys: { all: Number(all), synchronous: Number(synchronous) },
    held: held.map(([kind, name, seconds]) => heldText(kind as keyof typeof HELD_TEXTS, String(name), Number(seconds))),
    seesOthers: Boolean(seesOthers),
  };
}

const HELD_TEXTS = {
  transaction: (name: string, age: string) => `a transaction of ${name} is open for ${age}`,
  prepared: (name: string, age: string) =>
    `the transaction ${name} is prepared for ${age}, and neither committed nor rolled back`,
  slot: (name: string) =>
    `the replication slot ${name} is not in use, and the server keeps rows and log segments for it`,
};

function heldText(kind: keyof typeof HELD_TEXTS, name: string, seconds: number): string {
  return HELD_TEXTS[kind](name, formatDuration(Math.round(seconds) * 1000));
}

/** Whether this program can use the schema. A server that it cannot use and a missing privilege have checks of their own. */
async function examineSchema(
  query: Query,
  schema: string,
): Promise<{ readonly isUsable: boolean; readonly schemaFault?: string }> {
  try {
    refuseOtherSchema(await schemaState({ database: { rows: query }, schema }), schema);
    return { isUsable: true };
  } catch (error) {
    const { code, message } = postgresError(error);
    return { isUsable: false, ...(!['store.server', 'store.refused'].includes(code) && { schemaFault: message }) };
  }
}

async function instancesIn(query: Query, schema: string): Promise<number> {
  const [row] = await query(
    `SELECT count(*)::integer FROM ${quotedName(schema)}.leases WHERE until > clock_timestamp()`,
  );
  return Number(row![0]);
}

/**
 * Whether a notification of another connection arrives. A pooler that shares the connections of the server may pass on one that a
 * connection sends to itself, so two are needed.
 */
async function isNotified(listening: pg.Client, connect: () => Promise<pg.Client>, clock: Clock): Promise<boolean> {
  const channel = `belfry doctor ${randomUUID()}`;
  const notifying = await connect();
  let cancel = (): void => undefined;
  const arrived = new Promise<boolean>((resolve) => {
    listening.on('notification', (message) => message.channel === channel && resolve(true));
    cancel = clock.after(NOTIFY_MS, () => resolve(false));
  });
  try {
    await listening.query(`LISTEN ${listening.escapeIdentifier(channel)}`);
    await notifying.query('SELECT pg_notify($1, $2)', [channel, '']);
    return await arrived;
  } catch (error) {
    // A standby takes no LISTEN, which another check reports.
    if (error instanceof pg.DatabaseError) return false;
    throw error;
  } finally {
    cancel();
    await listening.query('UNLISTEN *').catch(() => undefined);
  }
}

async function clockAhead(query: Query, clock: Clock): Promise<number> {
  let best = { took: Infinity, ahead: 0 };
  for (let count = 0; count < CLOCK_READINGS; count += 1) {
    const began = clock.monotonic();
    const [row] = await query('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8');
    const took = clock.monotonic() - began;
    if (took < best.took) best = { took, ahead: Math.round(clock.now() - took / 2 - Number(row![0])) };
  }
  return best.ahead;
}
