import { expect, test } from 'vitest';
import { Database } from '../../../../daemon/store/postgres/engine/database.ts';
import { functions } from '../../../../daemon/store/postgres/schema/functions.ts';
import {
  migrate,
  refuseOtherSchema,
  type SchemaPlan,
  schemaState,
} from '../../../../daemon/store/postgres/schema/migrate.ts';
import { SCHEMA_VERSION, tables } from '../../../../daemon/store/postgres/schema/tables.ts';
import { hasPostgres, NEEDS_POSTGRES, type PostgresServer, sharedPostgres } from '../../../support/postgres-server.ts';

const postgres = sharedPostgres();

const CURRENT: SchemaPlan = {
  version: SCHEMA_VERSION,
  tables,
  functions,
  upgrades: new Map(),
  oldestServer: 14,
};

/** The next version: a table has one more column, and a function returns another type. */
const NEXT: SchemaPlan = {
  ...CURRENT,
  version: SCHEMA_VERSION + 1,
  functions: (s) => functions(s).replace(`${s}.push_head() RETURNS bigint`, `${s}.push_head() RETURNS numeric`),
  upgrades: new Map([[SCHEMA_VERSION, (s) => `ALTER TABLE ${s}.owners ADD COLUMN note text`]]),
};

const SCHEMA = 'belfry';

interface Empty {
  readonly server: PostgresServer;
  readonly database: string;
  readonly url: string;
  readonly schema: string;
}

async function emptyDatabase(options?: string): Promise<Empty> {
  const server = await postgres();
  const database = await server.newDatabase(options);
  return { server, database, url: server.url(database), schema: SCHEMA };
}

const relations = async ({ server, database }: Empty, schema = SCHEMA) =>
  (await server.query(`SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('${schema}')`, database))
    .length;

const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { readonly code: string; readonly exit: number; readonly message: string }) =>
      `${error.code} ${error.exit}: ${error.message}`,
  );

/** A test that needs a server, and is skipped loudly where none is installed. */
const testWithServer = (name: string, body: () => Promise<void>) =>
  test(name, async (context) => {
    if (!hasPostgres()) return context.skip(NEEDS_POSTGRES);
    await body();
  });

testWithServer('a migration prepares an empty database, and finds nothing to do the second time', async () => {
  const empty = await emptyDatabase();
  expect(await schemaState(empty)).toEqual({ kind: 'missing' });
  expect(await migrate(empty)).toEqual({ from: 0, to: SCHEMA_VERSION });
  const made = await relations(empty);
  expect(made).toBeGreaterThan(15);
  expect(await migrate(empty)).toEqual({ from: SCHEMA_VERSION, to: SCHEMA_VERSION });
  expect(await relations(empty)).toBe(made);
  expect(await schemaState(empty)).toEqual({ kind: 'current', version: SCHEMA_VERSION });
});

testWithServer('several migrations at once prepare a database once', async () => {
  const empty = await emptyDatabase();
  const made = await Promise.all([1, 2, 3, 4].map(() => migrate(empty)));
  expect(made.map(({ from }) => from).sort((a, b) => a - b)).toEqual([
    0,
    SCHEMA_VERSION,
    SCHEMA_VERSION,
    SCHEMA_VERSION,
  ]);
});

testWithServer('an upgrade changes tables and functions, and keeps the rows', async () => {
  const empty = await emptyDatabase();
  const { server, database } = empty;
  await migrate(empty, CURRENT);
  await server.query(`INSERT INTO belfry.owners VALUES (1, 0, 1, 'berlin-1')`, database);
  expect(await schemaState(empty, NEXT)).toEqual({ kind: 'older', version: SCHEMA_VERSION });
  expect(await migrate(empty, NEXT)).toEqual({ from: SCHEMA_VERSION, to: SCHEMA_VERSION + 1 });
  expect(await schemaState(empty, NEXT)).toEqual({ kind: 'current', version: SCHEMA_VERSION + 1 });
  expect(await server.query('SELECT instance, note FROM belfry.owners', database)).toEqual([
    { instance: 'berlin-1', note: null },
  ]);
  const [head] = await server.query('SELECT pg_typeof(belfry.push_head())::text AS type', database);
  expect(head).toEqual({ type: 'numeric' });
});

testWithServer('an upgrade that fails changes nothing', async () => {
  const empty = await emptyDatabase();
  await migrate(empty, CURRENT);
  const broken: SchemaPlan = {
    ...NEXT,
    upgrades: new Map([[SCHEMA_VERSION, (s) => `ALTER TABLE ${s}.owners ADD COLUMN note text; SELECT 1 / 0`]]),
  };
  expect(await codeOf(migrate(empty, broken))).toContain('division by zero');
  const columns = `SELECT count(*)::integer AS notes FROM information_schema.columns WHERE column_name = 'note'`;
  expect(await empty.server.query(columns, empty.database)).toEqual([{ notes: 0 }]);
  expect(await schemaState(empty)).toEqual({ kind: 'current', version: SCHEMA_VERSION });
});

testWithServer('a schema that is newer than the program is refused and not touched', async () => {
  const empty = await emptyDatabase();
  await migrate(empty, CURRENT);
  await migrate(empty, NEXT);
  const refusal = `store.newer 78: the schema \`belfry\` of the database has version ${SCHEMA_VERSION + 1}, which is newer than version ${SCHEMA_VERSION} of this program; install the Belfry that made it, or a later one`;
  expect(await codeOf(migrate(empty, CURRENT))).toBe(refusal);
  const state = await schemaState(empty);
  expect(state).toEqual({ kind: 'newer', version: SCHEMA_VERSION + 1 });
  expect(await codeOf(Promise.resolve().then(() => refuseOtherSchema(state, SCHEMA)))).toBe(refusal);
});

testWithServer('an instance refuses a schema that is missing or older, and says what to run', async () => {
  const refusalOf = (state: Parameters<typeof refuseOtherSchema>[0]) =>
    codeOf(Promise.resolve().then(() => refuseOtherSchema(state, SCHEMA)));
  expect(await refusalOf({ kind: 'missing' })).toBe(
    'store.older 78: there is no schema `belfry` in the database; run `belfry store migrate`',
  );
  expect(await refusalOf({ kind: 'older', version: 0 })).toContain(
    'has version 0, and this program needs version 1; run',
  );
  expect(await refusalOf({ kind: 'current', version: SCHEMA_VERSION })).toBe('done');
});

testWithServer('the state is read by an open database, too', async () => {
  const empty = await emptyDatabase();
  const database = new Database({ url: empty.url, connections: 2, instance: 'here' });
  try {
    expect(await schemaState({ database, schema: SCHEMA })).toEqual({ kind: 'missing' });
    await migrate(empty);
    expect(await schemaState({ database, schema: SCHEMA })).toEqual({ kind: 'current', version: SCHEMA_VERSION });
  } finally {
    await database.close();
  }
});

testWithServer('the Unix socket of a server is used', async () => {
  const { server, database } = await emptyDatabase();
  expect(await migrate({ url: server.socketUrl(database), schema: SCHEMA })).toEqual({ from: 0, to: SCHEMA_VERSION });
});

testWithServer('several schemas share a database, also with a name that SQL reserves', async () => {
  const empty = await emptyDatabase();
  await migrate(empty);
  expect(await migrate({ ...empty, schema: 'user' })).toEqual({ from: 0, to: SCHEMA_VERSION });
  expect(await relations(empty, 'user')).toBe(await relations(empty));
});

testWithServer('a user without the right to create schemas uses the one that was made for it', async () => {
  const { server, database } = await emptyDatabase();
  await server.query('CREATE ROLE plain LOGIN');
  const url = server.url(database, 'plain');
  expect(await codeOf(migrate({ url, schema: SCHEMA }))).toMatch(
    /^store\.refused 78: PostgreSQL refuses this user: permission denied for database/,
  );
  await server.query('CREATE SCHEMA belfry AUTHORIZATION plain', database);
  expect(await migrate({ url, schema: SCHEMA })).toEqual({ from: 0, to: SCHEMA_VERSION });
});

testWithServer('a schema with tables of another program is refused and not touched', async () => {
  const empty = await emptyDatabase();
  await empty.server.query('CREATE TABLE public.events(id integer)', empty.database);
  expect(await codeOf(migrate({ ...empty, schema: 'public' }))).toBe(
    'store.foreign 78: the schema `public` has tables or functions of another program: relation "events" already exists; set `daemon.store.schema` to another name',
  );
  expect(await relations(empty, 'public')).toBe(1);
  await empty.server.query('CREATE SCHEMA other; CREATE TABLE other.facts(id integer)', empty.database);
  expect(await codeOf(schemaState({ ...empty, schema: 'other' }))).toContain('store.foreign 78: the schema `other`');
  await empty.server.query('CREATE SCHEMA bare; CREATE TABLE bare.facts(name text, value text)', empty.database);
  expect(await codeOf(migrate({ ...empty, schema: 'bare' }))).toContain('store.foreign 78: the schema `bare`');
});

testWithServer('a server that is too old and a database that cannot store every text are refused', async () => {
  const empty = await emptyDatabase();
  expect(await codeOf(migrate(empty, { ...CURRENT, oldestServer: 99 }))).toMatch(
    /^store\.server 78: the server runs PostgreSQL \d+\.\d+.*; Belfry needs version 99 or later: upgrade the server$/,
  );
  const latin = await emptyDatabase(`ENCODING 'LATIN1'`);
  expect(await codeOf(migrate(latin))).toContain('store.server 78: the encoding of the database is LATIN1');
  expect(await relations(latin)).toBe(0);
});

testWithServer(
  'a server that cannot be reached, a database that is missing and an unknown user are reported',
  async () => {
    const server = await postgres();
    const closed = server.url().replace(`:${server.port}`, ':1');
    expect(await codeOf(migrate({ url: closed, schema: SCHEMA }))).toContain('store.unavailable 1: ');
    expect(await codeOf(migrate({ url: closed.replace('127.0.0.1', 'localhost'), schema: SCHEMA }))).toContain(
      'ECONNREFUSED',
    );
    expect(await codeOf(migrate({ url: server.url('absent'), schema: SCHEMA }))).toContain(
      'store.refused 78: PostgreSQL refuses this user: database "absent" does not exist',
    );
    expect(await codeOf(migrate({ url: server.url('postgres', 'nobody'), schema: SCHEMA }))).toContain(
      'store.refused 78: PostgreSQL refuses this user: role "nobody" does not exist',
    );
  },
);
