import pg from 'pg';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { openPostgresStore, type PostgresStore } from '../../../daemon/store/postgres/postgres.ts';
import { functions } from '../../../daemon/store/postgres/schema/functions.ts';
import { SCHEMA_VERSION, tables } from '../../../daemon/store/postgres/schema/tables.ts';

const url = 'postgres://belfry@127.0.0.1:55432/postgres';
let number = 0;

/** Prepares a schema of its own; resolves to its name. */
export async function prepareSchema(): Promise<string> {
  const schema = `test_${process.pid}_${(number += 1)}`;
  const client = new pg.Client(url);
  await client.connect();
  await client.query(
    `DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}; ${tables(schema)} ${functions(schema)}
     INSERT INTO ${schema}.facts VALUES ('schema_version', '${SCHEMA_VERSION}');`,
  );
  await client.end();
  return schema;
}

export function openInstance(schema: string, instance: string): Promise<PostgresStore> {
  return openPostgresStore({
    url,
    schema,
    connections: 4,
    instance,
    synchronous: true,
    clock: systemClock,
    isAlive: () => true,
    details: () => ({ host: 'h', pid: 1 }),
  });
}
