import { expect, test } from 'vitest';
import { describePostgres } from '../../support/postgres-server.ts';
import { openInstance, prepareSchema } from './support.ts';

describePostgres('a store on PostgreSQL', () => {
  test('does not open on a schema that was not prepared, and says what to run', async () => {
    await expect(openInstance('absent', 'a')).rejects.toMatchObject({
      code: 'store.older',
      exit: 78,
      message: 'there is no schema `absent` in the database; run `belfry store migrate`',
    });
  });

  test('has no copy for a backup, and names the program that makes one', async () => {
    const schema = await prepareSchema();
    const store = await openInstance(schema, 'a');
    try {
      await expect(store.copy()).rejects.toMatchObject({
        code: 'backup.postgres',
        message: expect.stringContaining(`pg_dump --format=custom --schema=${schema}`),
      });
    } finally {
      await store.close();
    }
  });
});
