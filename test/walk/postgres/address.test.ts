import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { describePostgres, sharedPostgres } from '../../support/postgres-server.ts';

const RULES = 'channels:\n  ops: { type: log }\nrules:\n  - { name: all, catch_all: true, notify: ops }\n';
const PASSWORD = 'p4ss/word-of-the-database';

const postgres = sharedPostgres();

/** A folder for a daemon, and the address of a database that was prepared if `prepare` says so. */
async function open(prepare: boolean) {
  const server = await postgres();
  const home = await Home.make();
  onTestFinished(() => home.close());
  const url = server.url(await server.newDatabase()).replace('belfry@', `belfry:${encodeURIComponent(PASSWORD)}@`);
  home.env.NODE = 'berlin-1.example';
  await home.rules(RULES, 'rules.yaml', `  store: { type: postgres, url: "${url}" }\n  instance: "\${env:NODE}"\n`);
  if (prepare) expect(await home.belfry(['store', 'migrate'])).toMatchObject({ code: 0 });
  return { home, server, url };
}

/** Texts of all files below a folder. */
async function textsBelow(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n');
}

describePostgres('a daemon on PostgreSQL', () => {
  test('shows the address of its database nowhere, and the name of its instance', async () => {
    const { home, server } = await open(true);
    await home.start();
    const shown: string[] = [];
    for (const args of [['status'], ['status', '--json'], ['doctor'], ['check'], ['audit', '--log'], ['rules', 'list']])
      shown.push(JSON.stringify(await home.belfry(args)));
    for (const route of ['/v1/status', '/readyz', '/v1/doctor', '/v1/rules', '/v1/sources', '/metrics'])
      shown.push(JSON.stringify((await home.call('GET', route)).body));
    // The server goes away, so that the errors of its client are shown, too.
    await server.stop('SIGQUIT');
    shown.push(JSON.stringify(await home.call('POST', '/v1/events', { type: 'a' })));
    for (const args of [['status'], ['doctor'], ['store', 'migrate'], ['backup', 'out.tar']])
      shown.push(JSON.stringify(await home.belfry(args)));
    shown.push(JSON.stringify((await home.call('GET', '/readyz')).body));
    await server.start();
    shown.push(home.output, await textsBelow(home.path('state')));
    for (const text of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(shown.join('\n')).not.toContain(text);
    expect(home.output).toContain('berlin-1.example');
  });

  test('does not start on a database that was not prepared, and says what to run', async () => {
    const { home } = await open(false);
    const { code, stderr } = await home.belfry(['run']);
    expect([code, stderr]).toEqual([
      78,
      'belfry: there is no schema `belfry` in the database; run `belfry store migrate`\n',
    ]);
  });

  test('stops while its database is away', async () => {
    const { home, server } = await open(true);
    await home.start();
    await home.call('POST', '/v1/events?wait=10s', { type: 'a' });
    await server.stop('SIGQUIT');
    try {
      await expect.poll(async () => (await home.call('GET', '/readyz')).status).toBe(503);
      const ended = home.ended();
      home.signal('SIGTERM');
      expect(await ended).toEqual([0, null]);
    } finally {
      await server.start();
    }
  });

  test('answers a request for a backup with 409, and names pg_dump', async () => {
    const { home } = await open(true);
    await home.start();
    const { status, body } = await home.call<{ code: string; detail: string }>('GET', '/v1/backup');
    expect([status, body.code]).toEqual([409, 'backup.postgres']);
    expect(JSON.stringify(body)).toContain('pg_dump --format=custom --schema=belfry');
  });
});
