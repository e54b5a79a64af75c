import { expect, test } from 'vitest';
import { migrate } from '../../../../daemon/store/postgres/schema/migrate.ts';
import { describePostgres, sharedPostgres } from '../../../support/postgres-server.ts';

const postgres = sharedPostgres();

/** Reports of plpgsql_check about correct code: JSON is stored as text and returned as JSON. */
const HARMLESS = /^warning:42804:/;

describePostgres('the functions in PostgreSQL', () => {
  test('have no error that only shows when a statement runs', async (context) => {
    const server = await postgres();
    const [available] = await server.query(`SELECT FROM pg_available_extensions WHERE name = 'plpgsql_check'`);
    if (available === undefined) return context.skip('needs the Debian package postgresql-NN-plpgsql-check');
    const database = await server.newDatabase();
    await migrate({ url: server.url(database), schema: 'belfry' });
    await server.query('CREATE EXTENSION plpgsql_check', database);
    const found = await server.query(
      `SELECT p.proname, c.line FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang,
        LATERAL plpgsql_check_function(p.oid, fatal_errors => false) AS c(line)
        WHERE p.pronamespace = to_regnamespace('belfry') AND l.lanname = 'plpgsql'`,
      database,
    );
    const problems = found.filter(
      ({ line }) => /^(?:error|warning)/.test(String(line)) && !HARMLESS.test(String(line)),
    );
    expect(problems).toEqual([]);
  });
});
