import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import type { DatabaseFacts } from '../../daemon/store/database-facts.ts';
import { examineDatabase } from '../../daemon/store/postgres/schema/examine.ts';
import { migrate } from '../../daemon/store/postgres/schema/migrate.ts';
import { hasPooler, NEEDS_POOLER, startPooler } from '../support/pooler.ts';
import { describePostgres, PostgresServer, sharedPostgres } from '../support/postgres-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { examineAll, runningDaemon, serverSettings } from './installation.ts';

/** Facts about the schema `belfry` of a database. */
async function factsOf(url: string, clock = systemClock): Promise<DatabaseFacts> {
  const facts = await examineDatabase({ url, schema: 'belfry', clock });
  if ('unreachable' in facts) throw new Error(facts.unreachable);
  return facts;
}

async function connected(url: string, application: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: application });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

describePostgres('the examination of a server of PostgreSQL', () => {
  const server = sharedPostgres({ settings: ['max_prepared_transactions=2'] });

  /** A new database with the tables of the store. */
  async function prepared(): Promise<string> {
    const name = await (await server()).newDatabase();
    await migrate({ url: (await server()).url(name), schema: 'belfry' });
    return name;
  }

  test('of a prepared database finds nothing wrong but the settings of a server for tests', async () => {
    const facts = await factsOf((await server()).url(await prepared()));
    expect(facts).toMatchObject({
      encoding: 'UTF8',
      isStandby: false,
      user: 'belfry',
      missingPrivileges: [],
      instances: 0,
      isNotified: true,
      maxConnections: 197,
      standbys: { all: 0, synchronous: 0 },
      held: [],
      seesOthers: true,
      settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'on', autovacuum: 'on' },
    });
    expect(facts.schemaFault).toBeUndefined();
    expect(facts.major).toBeGreaterThanOrEqual(14);
    expect(Math.abs(facts.clockAhead)).toBeLessThan(2000);
  });

  test('names a schema that was not prepared, and the command that does it', async () => {
    const url = (await server()).url(await (await server()).newDatabase());
    expect((await factsOf(url)).schemaFault).toBe(
      'there is no schema `belfry` in the database; run `belfry store migrate`',
    );
  });

  test('leaves an encoding that cannot store every text to the check of the server', async () => {
    const name = await (await server()).newDatabase("ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'");
    const facts = await factsOf((await server()).url(name));
    expect([facts.encoding, facts.schemaFault]).toEqual(['LATIN1', undefined]);
  });

  test('names each privilege that a user lacks, and the connections that it may open', async () => {
    const name = await prepared();
    await (await server()).query(
      `CREATE ROLE reader LOGIN CONNECTION LIMIT 5; GRANT USAGE ON SCHEMA belfry TO reader;
       GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA belfry TO reader;
       GRANT USAGE ON ALL SEQUENCES IN SCHEMA belfry TO reader`,
      name,
    );
    const facts = await factsOf((await server()).url(name, 'reader'));
    expect(facts.missingPrivileges).toContain('DELETE on deliveries');
    expect(facts.missingPrivileges.every((text) => text.startsWith('DELETE on '))).toBe(true);
    expect([facts.maxConnections, facts.seesOthers]).toEqual([5, false]);
    await (await server()).query('REVOKE USAGE ON SCHEMA belfry FROM reader', name);
    const shut = await factsOf((await server()).url(name, 'reader'));
    expect([shut.missingPrivileges[0], shut.schemaFault]).toEqual(['USAGE on the schema', undefined]);
  });

  test('names an unused slot, and no transaction that is young', async () => {
    const url = (await server()).url(await prepared());
    const client = await connected(url, 'report');
    await client.query(
      "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_create_physical_replication_slot('old', true)",
    );
    onTestFinished(async () => void (await (await server()).query("SELECT pg_drop_replication_slot('old')")));
    expect((await factsOf(url)).held).toEqual([
      'the replication slot old is not in use, and the server keeps rows and log segments for it',
    ]);
  });

  test('measures the clock of this machine', async () => {
    const late = { ...systemClock, now: () => systemClock.now() + 90_000, monotonic: () => systemClock.monotonic() };
    const { clockAhead } = await factsOf((await server()).url(await prepared()), late);
    expect(Math.round(clockAhead / 10_000)).toBe(9);
  });

  test('by PgBouncer finds that notifications arrive only in the mode `session`', async (context) => {
    if (!hasPooler()) return context.skip(NEEDS_POOLER);
    for (const mode of ['transaction', 'session'] as const) {
      const pooler = await startPooler(await server(), mode);
      onTestFinished(() => pooler.stop());
      expect((await factsOf(pooler.url)).isNotified).toBe(mode === 'session');
    }
  });

  test('that cannot be reached says why, without the password', async () => {
    const refused = await examineDatabase({
      url: 'postgres://ann:s3cret-word@127.0.0.1:9/x',
      schema: 'belfry',
      clock: systemClock,
    });
    expect(refused).toEqual({ unreachable: expect.stringContaining('ECONNREFUSED') });
    expect(JSON.stringify(refused)).not.toContain('s3cret-word');
    const unknown = await examineDatabase({
      url: (await server()).url('absent'),
      schema: 'belfry',
      clock: systemClock,
    });
    expect(unknown).toEqual({ unreachable: expect.stringContaining('database "absent" does not exist') });
  });
});

describePostgres('a standby', () => {
  test('is known as one, and its primary says what a failover can lose', async () => {
    const primary = await PostgresServer.open();
    onTestFinished(() => primary.close());
    await migrate({ url: primary.url(), schema: 'belfry' });
    const standby = await primary.openStandby();
    onTestFinished(() => standby.close());
    expect(await factsOf(standby.url())).toMatchObject({ isStandby: true, isNotified: false, missingPrivileges: [] });
    const { standbys, settings } = await factsOf(primary.url());
    expect(standbys).toEqual({ all: 1, synchronous: 0 });
    const results = await examineAll(['postgres.replication'], await temporaryFolder(), {
      database: { standbys, settings },
    });
    expect(results.get('postgres.replication')).toEqual([
      { level: 'warn', message: expect.stringContaining('a failover loses the commits') },
    ]);
  });
});

test('a sound server has no faults, and each further fault of one check is named', async () => {
  const sound = await examineAll(NAMES, await temporaryFolder(), { database: {} });
  expect([...sound.values()].flat().map(({ level }) => level)).toEqual(NAMES.map(() => 'ok'));
  const worse = async (name: string, database: Partial<DatabaseFacts>, daemon = ''): Promise<string[]> => {
    const results = await examineAll([name], await temporaryFolder(), { database, daemon });
    return results.get(name)!.map(({ level, message }) => `${level} ${message}`);
  };
  expect(await worse('postgres.connections', { maxConnections: 8 })).toEqual([
    'fail this instance needs 9 connections, and the server allows 8',
  ]);
  expect(await worse('postgres.replication', serverSettings({ synchronous_standby_names: 'ANY 1 (*)' }))).toEqual([
    'fail `synchronous_standby_names` is set and no standby is connected, so every commit waits for one',
  ]);
  expect(await worse('postgres.server', { isStandby: true, encoding: 'LATIN1' })).toEqual([
    'fail the server is a standby, which cannot be written',
    'fail the encoding of the database is LATIN1, not UTF8',
  ]);
});

test('several instances of one machine may run on the same rules', async () => {
  const folder = await temporaryFolder();
  const running = { status: runningDaemon({ pid: 1 }) };
  const results = await examineAll(['daemon.single'], folder, { database: {}, running });
  expect(results.get('daemon.single')).toEqual([
    { level: 'ok', message: expect.stringContaining('instances on one store') },
  ]);
});

const NAMES = [
  'reachable',
  'server',
  'schema',
  'privileges',
  'notifications',
  'clock',
  'connections',
  'durability',
  'replication',
  'held',
  'autovacuum',
].map((name) => `postgres.${name}`);
