import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { connectionString } from '../../../../daemon/store/postgres/engine/address.ts';
import { postgresError } from '../../../../daemon/store/postgres/engine/errors.ts';
import { schemaState } from '../../../../daemon/store/postgres/schema/migrate.ts';
import { authority, foreign, key, valid } from '../../../support/certificates.ts';
import { hasPostgres, NEEDS_POSTGRES, PostgresServer } from '../../../support/postgres-server.ts';

test('an address without `sslmode` stays as it is', () => {
  expect(connectionString('postgres://a@b/c?application_name=x')).toBe('postgres://a@b/c?application_name=x');
});

test('`sslmode` means what it means to libpq', async (context) => {
  if (!hasPostgres()) return context.skip(NEEDS_POSTGRES);
  const files = { 'own.crt': valid, 'other.crt': foreign, 'own.key': key };
  const server = await PostgresServer.open({ files, settings: tls('own.crt') });
  try {
    const trusted = path.join(server.folder, 'authority.pem');
    await writeFile(trusted, authority);
    const outcome = (mode: string) =>
      schemaState({ url: `${server.url()}?${mode}`, schema: 'belfry' }).then(
        ({ kind }) => kind,
        (error: Error) => error.message.replace(/^PostgreSQL cannot be used now: |; send it again later$/g, ''),
      );
    expect(await outcome('sslmode=disable')).toBe('missing');
    expect(await outcome('sslmode=require')).toBe('missing');
    // A later Node.js adds an advice.
    expect(await outcome('sslmode=verify-full')).toMatch(/^unable to verify the first certificate/);
    expect(await outcome(`sslmode=verify-full&sslrootcert=${trusted}`)).toBe('missing');
    await server.stop();
    await server.start(tls('other.crt'));
    expect(await outcome(`sslmode=verify-ca&sslrootcert=${trusted}`)).toBe('missing');
    expect(await outcome(`sslmode=verify-full&sslrootcert=${trusted}`)).toContain(
      "does not match certificate's altnames",
    );
  } finally {
    await server.close();
  }
});

const tls = (certificate: string): readonly string[] => [
  'ssl=on',
  `ssl_cert_file=${certificate}`,
  'ssl_key_file=own.key',
];

test('a host of which no address answers has the error of the first', () => {
  const errors = ['::1', '127.0.0.1'].map((host) => new Error(`connect ECONNREFUSED ${host}:5432`));
  expect(postgresError(new AggregateError(errors)).message).toContain('connect ECONNREFUSED ::1:5432');
});
