import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { SCHEMA_VERSION } from '../../../../daemon/store/postgres/schema/tables.ts';
import { runCommand, testTerminal } from '../../../support/command-line.ts';
import { hasPostgres, NEEDS_POSTGRES, type PostgresServer, sharedPostgres } from '../../../support/postgres-server.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const postgres = sharedPostgres();

const PASSWORD = 's3cret-word';
const URL = `postgres://belfry:${PASSWORD}@db.internal/belfry`;

/** Folder with rules whose `daemon` has these settings. */
async function rules(daemon: string): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(path.join(folder, 'rules'));
  await writeFile(path.join(folder, 'rules', 'rules.yaml'), `daemon: { ${daemon} }\n`);
  return folder;
}

interface Printed {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command on the rules of a folder. Its output must never show the password of the database. */
async function belfryIn(folder: string, args: readonly string[], env: Record<string, string> = {}): Promise<Printed> {
  const terminal = testTerminal({ cwd: folder, env: { ...env, HOME: folder } });
  const { code, stdout, stderr } = await runCommand(terminal, [...args, '--config', path.join(folder, 'rules')]);
  expect(stdout + stderr).not.toContain(PASSWORD);
  return { code, stdout, stderr: stderr.replaceAll(`${folder}/`, '') };
}

const withServer = (name: string, body: (server: PostgresServer) => Promise<void>) =>
  test(name, async (context) => {
    if (!hasPostgres()) return context.skip(NEEDS_POSTGRES);
    await body(await postgres());
  });

/** Address of a new database, with a password, which the server does not want. */
const newUrl = async (server: PostgresServer): Promise<string> =>
  server.url(await server.newDatabase()).replace('belfry@', `belfry:${PASSWORD}@`);

withServer('`store migrate` creates the schema, and has nothing to do the second time', async (server) => {
  const folder = await rules('store: { type: postgres, url: "${env:STORE}", schema: alerts }');
  const env = { STORE: await newUrl(server) };
  const check = { code: 1, stdout: 'schema alerts: it does not exist; belfry store migrate creates it\n', stderr: '' };
  expect(await belfryIn(folder, ['store', 'migrate', '--check'], env)).toEqual(check);
  expect(await belfryIn(folder, ['store', 'migrate', '--check'], env)).toEqual(check);
  expect(await belfryIn(folder, ['store', 'migrate'], env)).toEqual({
    code: 0,
    stdout: `schema alerts: created; version ${SCHEMA_VERSION}\n`,
    stderr: '',
  });
  expect(await belfryIn(folder, ['store', 'migrate'], env)).toMatchObject({
    code: 0,
    stdout: `schema alerts: nothing to do; version ${SCHEMA_VERSION}\n`,
  });
  expect(await belfryIn(folder, ['store', 'migrate', '--check'], env)).toMatchObject({
    code: 0,
    stdout: `schema alerts: version ${SCHEMA_VERSION}; nothing to do\n`,
  });
});

withServer('`store migrate --json` prints the versions', async (server) => {
  const folder = await rules('store: { type: postgres, url: "${env:STORE}" }');
  const env = { STORE: await newUrl(server) };
  const json = async (...args: string[]): Promise<unknown> => {
    const { code, stdout } = await belfryIn(folder, ['store', 'migrate', '--json', ...args], env);
    return [code, JSON.parse(stdout)];
  };
  expect(await json('--check')).toEqual([1, { schema: 'belfry', version: 0, migration_due: true }]);
  expect(await json()).toEqual([0, { schema: 'belfry', from: 0, to: SCHEMA_VERSION }]);
  expect(await json('--check')).toEqual([0, { schema: 'belfry', version: SCHEMA_VERSION, migration_due: false }]);
});

withServer('`store migrate` does not touch a schema that is newer', async (server) => {
  const url = await newUrl(server);
  const folder = await rules('store: { type: postgres, url: "${env:STORE}" }');
  await belfryIn(folder, ['store', 'migrate'], { STORE: url });
  await server.query(`UPDATE belfry.facts SET value = '9' WHERE name = 'schema_version'`, url.split('/').at(-1));
  for (const args of [[], ['--check']])
    expect(await belfryIn(folder, ['store', 'migrate', ...args], { STORE: url })).toEqual({
      code: 78,
      stdout: '',
      stderr: `belfry: the schema \`belfry\` of the database has version 9, which is newer than version ${SCHEMA_VERSION} of this program; install the Belfry that made it, or a later one\n`,
    });
});

test('`store migrate` ends with 69 if the server cannot be reached', async () => {
  const folder = await rules('store: { type: postgres, url: "${env:STORE}" }');
  for (const args of [[], ['--check']])
    expect(
      await belfryIn(folder, ['store', 'migrate', ...args], { STORE: `postgres://a:${PASSWORD}@127.0.0.1:1/b` }),
    ).toEqual({
      code: 69,
      stdout: '',
      stderr: 'belfry: PostgreSQL cannot be used now: connect ECONNREFUSED 127.0.0.1:1\n',
    });
});

test('`store migrate` names the setting that it cannot use', async () => {
  const refusal = async (daemon: string, env: Record<string, string> = {}): Promise<string> => {
    const { code, stderr } = await belfryIn(await rules(daemon), ['store', 'migrate'], env);
    expect(code).toBe(78);
    return stderr;
  };
  expect(await refusal('console: false')).toContain('keep the state in SQLite');
  expect(await refusal('store: { type: sqlite }')).toContain('keep the state in SQLite');
  expect(await refusal('store: { type: postgres, url: "${env:STORE}" }')).toContain(
    'rules/rules.yaml:1:41: the environment variable `STORE` is not set [secret.unresolved]',
  );
  expect(await refusal('store: { type: postgres, url: "${env:STORE}" }', { STORE: `${PASSWORD}//x` })).toContain(
    'rules.yaml:1:41: `url` does not begin with `postgres://` or `postgresql://` [value.url]',
  );
  expect(await refusal(`store: { type: postgres, url: "${URL}", pool: 1 }`)).toContain('`pool` is out of range');
});

test('`backup` and `restore` refuse a state in PostgreSQL, and name `pg_dump`', async () => {
  const refusal = (schema: string) => ({
    code: 78,
    stdout: '',
    stderr: `belfry: the state is in PostgreSQL (\`daemon.store\`), so this command has nothing to copy: back it up with \`pg_dump --format=custom --schema=${schema}\`, and restore that with \`pg_restore\`, while no instance runs\n`,
  });
  for (const [daemon, schema] of [
    [`store: { type: postgres, url: "${URL}", schema: alerts }`, 'alerts'],
    ['store: { type: postgres, url: "${env:NOT_SET}" }', 'belfry'],
  ] as const) {
    const folder = await rules(daemon);
    for (const args of [
      ['backup', 'out.tar'],
      ['backup', '-'],
      ['restore', 'in.tar'],
    ])
      expect(await belfryIn(folder, args)).toEqual(refusal(schema));
    expect(await readdir(folder)).toEqual(['rules']);
  }
});

test('`restore --state` and `restore --check` do not depend on the store of the rules', async () => {
  const folder = await rules(`store: { type: postgres, url: "${URL}" }`);
  for (const args of [
    ['restore', 'absent.tar', '--state', 'state'],
    ['restore', 'absent.tar', '--check'],
  ])
    expect((await belfryIn(folder, args)).stderr).toContain('absent.tar: no such file or directory');
});

test('`check` shows the line of a mistake without the address of the database', async () => {
  const folder = await rules(`store: { type: postgres, url: "${URL}", pool: 1 }`);
  const { code, stdout, stderr } = await belfryIn(folder, ['check']);
  expect(code).toBe(78);
  expect(stdout + stderr).toContain('`pool` is out of range');
  expect(stdout + stderr).toContain('url: ***');
  expect(stdout + stderr).not.toContain('db.internal');
  const json = await belfryIn(folder, ['check', '--json']);
  expect(json.stdout).not.toContain('db.internal');
});

test.each(['${env:A}', 'postgres://belfry:${env:A}@db/belfry', 'postgres://${env:A}:${env:B}@${env:C}:${env:D}/b'])(
  '`check --without-secrets` accepts the address %s',
  async (url) => {
    const folder = await rules(`store: { type: postgres, url: "${url}" }, instance: "\${env:HOST_NAME}"`);
    expect(await belfryIn(folder, ['check', '--without-secrets'])).toMatchObject({ code: 0, stderr: '' });
  },
);
