import pg from 'pg';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { openPostgresStore, type PostgresStore } from '../../../daemon/store/postgres/postgres.ts';
import { migrate } from '../../../daemon/store/postgres/schema/migrate.ts';
import { sharedPostgres } from '../../support/postgres-server.ts';

const server = sharedPostgres();
let number = 0;

/** Prepares a schema of its own; resolves to its name. */
export async function prepareSchema(): Promise<string> {
  const schema = `test_${(number += 1)}`;
  await migrate({ url: (await server()).url(), schema });
  return schema;
}

export async function openInstance(schema: string, instance: string): Promise<PostgresStore> {
  return openPostgresStore({
    url: (await server()).url(),
    schema,
    connections: 4,
    instance,
    synchronous: true,
    clock: systemClock,
    isAlive: () => true,
    details: () => ({ host: 'h', pid: 1 }),
  });
}

/** Ends the lease of an owner, as another instance does when it was silent for too long. */
export async function endLease(schema: string, owner: number): Promise<void> {
  const client = new pg.Client((await server()).url());
  await client.connect();
  await client.query(`DELETE FROM ${schema}.leases WHERE owner = $1`, [owner]);
  await client.end();
}
