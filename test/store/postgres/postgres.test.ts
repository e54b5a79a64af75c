import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { systemClock } from '../../../daemon/lib/time/clock.ts';
import { openPostgresStore } from '../../../daemon/store/postgres/postgres.ts';
import { functions } from '../../../daemon/store/postgres/schema/functions.ts';
import { SCHEMA_VERSION, tables } from '../../../daemon/store/postgres/schema/tables.ts';
import { describeStore } from '../contract/contract.ts';

const url = 'postgres://belfry@127.0.0.1:55432/postgres';
let client: pg.Client;
beforeAll(async () => {
  client = new pg.Client(url);
  await client.connect();
});
afterAll(() => client.end());

let number = 0;
describeStore('the store on PostgreSQL', async () => {
  const schema = `contract_${(number += 1)}`;
  await client.query(
    `DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema}; ${tables(schema)} ${functions(schema)}
     INSERT INTO ${schema}.facts VALUES ('schema_version', '${SCHEMA_VERSION}');`,
  );
  return openPostgresStore({
    url,
    schema,
    connections: 4,
    instance: 'a',
    synchronous: true,
    clock: systemClock,
    isAlive: () => true,
    details: () => ({ host: 'h', pid: 1 }),
  });
});
