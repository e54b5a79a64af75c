import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { openPostgresStore, type PostgresStore } from '../../../daemon/store/postgres/postgres.ts';
import { migrate } from '../../../daemon/store/postgres/schema/migrate.ts';
import { hasPooler, NEEDS_POOLER, startPooler } from '../../support/pooler.ts';
import { describePostgres, PostgresServer, sharedPostgres } from '../../support/postgres-server.ts';

let number = 0;

interface Opened {
  readonly store: PostgresStore;
  readonly schema: string;
}

async function opened(url: string, instance: string, schema = `seen_${(number += 1)}`): Promise<Opened> {
  await migrate({ url, schema });
  const store = await openPostgresStore({
    url,
    schema,
    connections: 4,
    instance,
    synchronous: true,
    clock: systemClock,
    isAlive: () => true,
    details: () => ({ host: 'h', pid: 7, version: '1.0.0', generation: 2, rules: 'f00' }),
  });
  onTestFinished(() => store.close());
  return { store, schema };
}

/** A connection with a transaction that stays open until the end of the test. */
async function openTransaction(url: string, application: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: application });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
  return client;
}

describePostgres('the instances on a store', () => {
  const server = sharedPostgres();

  test('are listed with their lease, their rules, and what they know about their connection', async () => {
    const url = (await server()).url();
    const { store: a, schema } = await opened(url, 'a');
    await opened(url, 'b', schema);
    await expect
      .poll(async () => {
        await a.membership.beat();
        return a.cluster.instances().map(({ name, isListening }) => [name, isListening]);
      })
      .toEqual([
        ['a', true],
        ['b', expect.any(Boolean)],
      ]);
    const [first, second] = a.cluster.instances();
    expect(first).toMatchObject({
      isSelf: true,
      isAlive: true,
      host: 'h',
      pid: 7,
      version: '1.0.0',
      generation: 2,
      fingerprint: 'f00',
    });
    expect(first!.leaseUntil).toBeGreaterThan(first!.since);
    expect(Math.abs(first!.clockAhead!)).toBeLessThan(2000);
    expect(second).toMatchObject({ name: 'b', isSelf: false, owner: first!.owner + 1 });
    expect(a.cluster.health()).toMatchObject({ isOutage: false });
    expect(a.cluster.health().leaseSeconds).toBeGreaterThan(0);
  });

  test('know how long a snapshot was held, how many rows are dead, and which slots nobody uses', async () => {
    const url = (await server()).url();
    const { schema } = await opened(url, 'a');
    await openTransaction(url, 'report');
    await (await server()).query("SELECT pg_create_physical_replication_slot('unused', true)");
    onTestFinished(async () => void (await (await server()).query("SELECT pg_drop_replication_slot('unused')")));
    // A second instance reads at its start.
    const { store: b } = await opened(url, 'b', schema);
    await expect
      .poll(() => b.cluster.health())
      .toMatchObject({ inactiveSlots: 1, deadTuples: { leases: expect.any(Number) } });
    expect(b.cluster.health().oldestXminSeconds).toBeGreaterThan(0);
  });

  test('behind a pooler that shares connections are known to get no notifications', async (context) => {
    if (!hasPooler()) return context.skip(NEEDS_POOLER);
    const pooler = await startPooler(await server(), 'transaction');
    onTestFinished(() => pooler.stop());
    const { store: direct, schema } = await opened((await server()).url(), 'direct');
    await opened(pooler.url, 'pooled', schema);
    await expect
      .poll(async () => {
        await direct.membership.beat();
        return direct.cluster.instances().map(({ name, isListening }) => [name, isListening]);
      })
      .toEqual([
        ['direct', true],
        ['pooled', false],
      ]);
  });
});

describePostgres('a server that goes away', () => {
  test('is an outage, after which the statistics are not known, until it is back', async () => {
    const server = await PostgresServer.open();
    onTestFinished(() => server.close());
    const { store } = await opened(server.url(), 'a');
    await expect.poll(() => store.cluster.health().inactiveSlots).toBe(0);
    await server.stop();
    const outage = async (): Promise<boolean> => {
      await store.check();
      return store.cluster.health().isOutage;
    };
    await expect.poll(outage, { timeout: 20_000 }).toBe(true);
    await server.start();
    await expect.poll(outage, { timeout: 20_000 }).toBe(false);
  });
});
