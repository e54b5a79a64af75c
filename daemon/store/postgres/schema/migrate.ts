import pg from 'pg';
import { BelfryError, EXIT } from '../../../core/problems/failure.ts';
import type { Row } from '../../shared/writes.ts';
import { connectionString } from '../engine/address.ts';
import type { Database } from '../engine/database.ts';
import { postgresError } from '../engine/errors.ts';
import { functions } from './functions.ts';
import { SCHEMA_VERSION, tables } from './tables.ts';

/** Tables and functions of one version, and the way to it. */
export interface SchemaPlan {
  readonly version: number;
  /** SQL that creates them in the schema `s`, a quoted name. */
  readonly tables: (s: string) => string;
  readonly functions: (s: string) => string;
  /** SQL that turns the tables of a version into those of the next one, by the earlier version. */
  readonly upgrades: ReadonlyMap<number, (s: string) => string>;
  /** Oldest PostgreSQL that has what they need: its major version. */
  readonly oldestServer: number;
}

const PLAN: SchemaPlan = { version: SCHEMA_VERSION, tables, functions, upgrades: new Map(), oldestServer: 14 };

export interface SchemaTarget {
  readonly url: string;
  /** Name of the schema, without quotation marks. */
  readonly schema: string;
}

/** Version of a schema in comparison with the one of this program. */
export type SchemaState =
  | { readonly kind: 'missing' }
  | { readonly kind: 'older' | 'current' | 'newer'; readonly version: number };

/** Versions before and after a migration: equal if there was nothing to do, and from 0 if there was no schema. */
export interface Migration {
  readonly from: number;
  readonly to: number;
}

type Query = Pick<Database, 'rows'>['rows'];

const CONNECT_TIMEOUT_MS = 10_000;

/** Codes of SQLSTATE: a table, a function or another object exists; a table lacks a column. */
const EXISTS: readonly unknown[] = ['42P07', '42723', '42710'];
const NO_COLUMN = '42703';

/** SQL: the schema as a quoted name. */
export const quotedName = (schema: string): string => `"${schema.replaceAll('"', '""')}"`;

/** Reads the version of the schema, by a connection of its own or an open one. Rejects with exit 78 if the server cannot be used. */
export async function schemaState(
  target: SchemaTarget | { readonly database: Pick<Database, 'rows'>; readonly schema: string },
  plan: SchemaPlan = PLAN,
): Promise<SchemaState> {
  if ('url' in target) return connected(target, (query) => readState(query, target.schema, plan));
  return readState((text, values) => target.database.rows(text, values), target.schema, plan);
}

/** Rejects with `store.older` or `store.newer` (exit 78) when this program cannot use the schema. */
export function refuseOtherSchema(state: SchemaState, schema: string): void {
  if (state.kind === 'newer') throw newer(state.version, schema, SCHEMA_VERSION);
  if (state.kind === 'current') return;
  const found =
    state.kind === 'missing'
      ? `there is no schema \`${schema}\` in the database`
      : `the schema \`${schema}\` of the database has version ${state.version}, and this program needs version ${SCHEMA_VERSION}`;
  throw new BelfryError('store.older', `${found}; run \`belfry store migrate\``, { exit: EXIT.config });
}

/**
 * Creates or upgrades the schema in one transaction, under a lock, so that two of them do it once. Rejects with exit 78, and has
 * changed nothing, if the schema is newer than this program, the server is too old, or another program uses the schema.
 */
export function migrate(target: SchemaTarget, plan: SchemaPlan = PLAN): Promise<Migration> {
  const { schema } = target;
  return connected(target, async (query, script) => {
    await script('BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0');
    await query('SELECT FROM pg_advisory_xact_lock(hashtextextended($1, 0))', [`belfry migrate ${schema}`]);
    const state = await readState(query, schema, plan);
    const from = state.kind === 'missing' ? 0 : state.version;
    if (state.kind === 'newer') throw newer(from, schema, plan.version);
    if (state.kind === 'missing') await create(query, script, schema, plan);
    else if (state.kind === 'older') await upgrade(query, script, { schema, from, plan });
    await query(
      `INSERT INTO ${quotedName(schema)}.facts VALUES ('schema_version', $1)
        ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
      [String(plan.version)],
    );
    await script('COMMIT');
    return { from, to: plan.version };
  });
}

type Script = (text: string) => Promise<void>;

async function create(query: Query, script: Script, schema: string, plan: SchemaPlan): Promise<void> {
  const s = quotedName(schema);
  // `IF NOT EXISTS` alone would need the privilege to create schemas, also where an administrator has made it.
  const [found] = await query('SELECT oid::text FROM pg_namespace WHERE nspname = $1', [schema]);
  if (found === undefined) await script(`CREATE SCHEMA ${s}`);
  try {
    await script(`${plan.tables(s)}\n${plan.functions(s)}`);
  } catch (error) {
    throw EXISTS.includes(codeOf(error)) ? foreign(schema, error) : error;
  }
}

async function upgrade(
  query: Query,
  script: Script,
  { schema, from, plan }: { readonly schema: string; readonly from: number; readonly plan: SchemaPlan },
): Promise<void> {
  const s = quotedName(schema);
  for (let version = from; version < plan.version; version += 1) {
    const step = plan.upgrades.get(version);
    if (step === undefined)
      throw new BelfryError('store.older', `there is no upgrade of version ${version} of the schema \`${schema}\``, {
        exit: EXIT.config,
      });
    await script(step(s));
  }
  const names = [...plan.functions(s).matchAll(/CREATE FUNCTION (?:"[^"]*"\.)?(\w+)\(/g)].map((match) => match[1]!);
  const old = await query(
    `SELECT format('DROP FUNCTION %s', p.oid::regprocedure) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
      WHERE n.nspname = $1 AND p.proname = ANY($2::text[])`,
    [schema, names],
  );
  await script([...old.map(([drop]) => String(drop)), plan.functions(s)].join(';\n'));
}

async function readState(query: Query, schema: string, plan: SchemaPlan): Promise<SchemaState> {
  const facts = `${quotedName(schema)}.facts`;
  const [row] = await query(
    `SELECT current_setting('server_version_num')::integer, current_setting('server_version'),
      current_setting('server_encoding'), to_regclass($1)::text`,
    [facts],
  );
  const [number, server, encoding, table] = row!;
  checkServer({ number: Number(number), server: String(server), encoding: String(encoding) }, plan);
  if (table === null) return { kind: 'missing' };
  const version = await readVersion(query, facts, schema);
  const kind = version < plan.version ? 'older' : version > plan.version ? 'newer' : 'current';
  return { kind, version };
}

interface Server {
  /** Number like `server_version_num`: 150004. */
  readonly number: number;
  readonly server: string;
  readonly encoding: string;
}

function checkServer({ number, server, encoding }: Server, { oldestServer }: SchemaPlan): void {
  const refuse = (text: string): never => {
    throw new BelfryError('store.server', text, { exit: EXIT.config });
  };
  if (number < oldestServer * 10_000)
    refuse(`the server runs PostgreSQL ${server}; Belfry needs version ${oldestServer} or later: upgrade the server`);
  if (encoding !== 'UTF8')
    refuse(
      `the encoding of the database is ${encoding}, which cannot store every text; create it with \`ENCODING 'UTF8' TEMPLATE template0\``,
    );
}

async function readVersion(query: Query, facts: string, schema: string): Promise<number> {
  let rows: readonly Row[];
  try {
    rows = await query(`SELECT value FROM ${facts} WHERE name = 'schema_version'`);
  } catch (error) {
    throw codeOf(error) === NO_COLUMN ? foreign(schema, error) : error;
  }
  const version = Number(rows[0]?.[0] ?? Number.NaN);
  if (!Number.isInteger(version)) throw foreign(schema);
  return version;
}

/** Code of the error of the server, which may be in another error. */
function codeOf(error: unknown): unknown {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: { readonly code?: unknown } };
  return cause?.code ?? code;
}

function foreign(schema: string, cause?: unknown): BelfryError {
  const why = cause instanceof Error ? `: ${(cause.cause as Error | undefined)?.message ?? cause.message}` : '';
  return new BelfryError(
    'store.foreign',
    `the schema \`${schema}\` has tables or functions of another program${why}; set \`daemon.store.schema\` to another name`,
    { exit: EXIT.config, cause },
  );
}

function newer(version: number, schema: string, own: number): BelfryError {
  return new BelfryError(
    'store.newer',
    `the schema \`${schema}\` of the database has version ${version}, which is newer than version ${own} of this program; install the Belfry that made it, or a later one`,
    { exit: EXIT.config },
  );
}

/** Opens a connection for some work and closes it, which rolls back a transaction that was not committed. */
async function connected<T>({ url }: SchemaTarget, work: (query: Query, script: Script) => Promise<T>): Promise<T> {
  let client: pg.Client | undefined;
  try {
    const opened = new pg.Client({
      connectionString: connectionString(url),
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      application_name: 'belfry store migrate',
    });
    client = opened;
    // Without a listener, a connection that breaks between two queries would end the process.
    opened.on('error', () => undefined);
    await opened.connect();
    const query: Query = async (text, values) =>
      (await opened.query<Row[number][]>({ text, values: values as unknown[], rowMode: 'array' })).rows;
    return await work(query, async (text) => void (await opened.query(text)));
  } catch (error) {
    throw postgresError(error);
  } finally {
    await client?.end().catch(() => undefined);
  }
}
