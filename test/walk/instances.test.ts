import { readFile } from 'node:fs/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { StatusView } from '../../daemon/http/daemon-api.ts';
import type { DoctorFinding } from '../../daemon/core/problems/doctor.ts';
import { Home } from '../support/daemon.ts';
import { describePostgres, PostgresServer } from '../support/postgres-server.ts';

const RULES = `channels: { ops: { type: log } }
rules: [{ name: deploys, match: { type: deploy }, notify: ops }]
`;

/** Folder with rules of an instance on a server. */
async function homeOf(server: PostgresServer, instance: string, rules = RULES): Promise<Home> {
  const home = await Home.make();
  onTestFinished(() => home.close());
  await home.rules(
    rules,
    'rules.yaml',
    `  instance: ${instance}\n  store: { type: postgres, url: "${server.url()}" }\n`,
  );
  return home;
}

const statusOf = async (home: Home): Promise<StatusView> =>
  JSON.parse((await home.belfry(['status', '--json'])).stdout) as StatusView;

describePostgres('instances on one server of PostgreSQL', () => {
  test('see each other, their rules and their database, and know when it is away', async () => {
    const server = await PostgresServer.open();
    onTestFinished(() => server.close());
    const [berlin, paris] = [await homeOf(server, 'berlin'), await homeOf(server, 'paris')];
    expect(await berlin.belfry(['store', 'migrate'])).toMatchObject({ code: 0 });
    await berlin.start();
    await paris.start();

    await expect
      .poll(async () => (await statusOf(berlin)).instances.map(({ name }) => name))
      .toEqual(['berlin', 'paris']);
    const { instances, warnings } = await statusOf(paris);
    expect(instances.map(({ self }) => self)).toEqual([false, true]);
    expect(new Set(instances.map(({ fingerprint }) => fingerprint)).size).toBe(1);
    expect(warnings).toEqual([]);
    expect((await paris.belfry(['status'])).stdout).toContain('\nparis (this one)  ');

    await paris.rules(RULES.replace('type: deploy', 'type: release'), 'rules.yaml', await daemonOf(paris));
    expect(await paris.belfry(['reload'])).toMatchObject({ code: 0 });
    await expect
      .poll(async () => (await statusOf(berlin)).warnings)
      .toEqual([expect.stringMatching(/^the instances have different rules \(berlin: \w+; paris: \w+\)/)]);

    const findings = (await berlin.call<{ findings: DoctorFinding[] }>('POST', '/v1/doctor')).body.findings;
    const ofServer = findings.filter(({ check }) => check.startsWith('postgres.'));
    // The server of the tests does not wait for its disk.
    expect(ofServer.filter(({ level }) => level !== 'ok').map(({ check }) => check)).toEqual(['postgres.durability']);
    expect(ofServer.find(({ check }) => check === 'postgres.connections')!.message).toContain('2 instances need 18');

    const outage = async (): Promise<string> =>
      (await berlin.call<string>('GET', '/metrics')).body.match(/^belfry_postgres_outage (\d)$/m)![1]!;
    expect(await outage()).toBe('0');
    await server.stop();
    await expect.poll(async () => (await berlin.call('GET', '/readyz')).status, { timeout: 20_000 }).toBe(503);
    expect((await berlin.call<{ reasons: string[] }>('GET', '/readyz')).body.reasons[0]).toMatch(
      /^PostgreSQL cannot be used now: /,
    );
    expect(await outage()).toBe('1');
    await server.start();
    await expect.poll(async () => (await berlin.call('GET', '/readyz')).status, { timeout: 20_000 }).toBe(200);
    expect(await outage()).toBe('0');
  });
});

/** Settings of `daemon` that `homeOf` has written. */
async function daemonOf(home: Home): Promise<string> {
  const text = await readFile(home.path('rules', 'rules.yaml'), 'utf8');
  return `${text
    .split('\n')
    .filter((line) => /^ {2}(?:instance|store):/.test(line))
    .join('\n')}\n`;
}
