import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:tls';
import path from 'node:path';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { hasAlertmanager, openAlertmanager } from '../../support/alertmanager.ts';
import * as certificates from '../../support/certificates.ts';
import { Home } from '../../support/daemon.ts';
import { blocksOf, missingPrograms, runBlock, type ShellResult } from '../../support/shell-blocks.ts';

/** One daemon with the rules of `belfry init` and of all examples, whose paths are below its folder. */
const examples = path.resolve(import.meta.dirname, '../../../examples');
let home: Home;

const SECRETS = Object.fromEntries(
  `GITHUB_WEBHOOK_SECRET ALERTMANAGER_TOKEN GRAFANA_TOKEN GITLAB_TOKEN GITEA_SECRET UPTIME_KUMA_TOKEN SENTRY_CLIENT_SECRET
   HEALTHCHECKS_TOKEN HOME_ASSISTANT_TOKEN ARGO_CD_TOKEN REGISTRY_TOKEN`
    .split(/\s+/)
    .map((name) => [name, 'secret']),
);

/** Examples for other programs: `plugin` has `chime.test.mjs`, `cluster` has its part of `examples.test.ts`. */
const WITH_OWN_TESTS: readonly string[] = ['plugin', 'cluster'];

beforeAll(async () => {
  home = await Home.make();
  Object.assign(home.env, SECRETS, {
    STRIPE_SIGNING_SECRET: 'whsec_test',
    STATE_DIRECTORY: home.path('state'),
    BELFRY_CONFIG: home.path('rules'),
  });
  expect((await home.belfry(['init', home.path('rules')])).code).toBe(0);
  await writeFile(home.path('rules', 'daemon.yaml'), 'daemon: { listen: "127.0.0.1:0", log: { format: json } }\n');
  await cp(examples, home.path('examples'), { recursive: true });
  const folders = (await readdir(examples, { withFileTypes: true })).filter((entry) => entry.isDirectory());
  for (const { name } of folders.filter(({ name }) => !WITH_OWN_TESTS.includes(name)))
    await writeFile(
      home.path('rules', `${name}.yaml`),
      here(await readFile(path.join(examples, name, 'rules.yaml'), 'utf8')),
    );
  await mkdir(home.path('log', 'app'), { recursive: true });
  await writeFile(home.path('log', 'auth.log'), '');
  await home.start();
}, 60_000);

afterAll(() => home.close());

/** Paths of the machine in a text, moved below the folder of the test. */
const here = (text: string): string =>
  text
    .replaceAll(
      /\/srv\/|\/usr\/local\/bin\//g,
      (found) => home.path(found.startsWith('/srv') ? 'srv' : 'examples/bin') + '/',
    )
    .replaceAll('/var/log/', `${home.path('log')}/`)
    .replaceAll('/tmp/try.pem', home.path('try.pem'));

/** Runs the last block of "Try it", which a user types in a second terminal. */
async function tried(example: string): Promise<ShellResult> {
  const page = await readFile(path.join(examples, example, 'README.md'), 'utf8');
  const block = blocksOf(page.split('## Try it')[1]!.split('## Install it')[0]!).at(-1)!;
  const ran = await runBlock(home, here(block).replaceAll(/^export BELFRY_CONFIG=.*\n/gm, ''));
  expect(ran).toMatchObject({ code: 0 });
  return ran;
}

/** Resolves when the channel has written the message to the log. */
const shown = (channel: string, title: string | RegExp) =>
  home.logged(
    ({ channel: by, msg }) => by === channel && (typeof title === 'string' ? msg === title : title.test(msg)),
  );

describe.skipIf(missingPrograms.length > 0)('all examples together (needs bash, curl and openssl)', () => {
  test('Alertmanager and Grafana: each alert of a request is one message, and ends for itself', async () => {
    await tried('alertmanager-sender');
    await shown('wecom', 'HostDown db1:9100');
    await shown('mail', 'HostDown db2:9100');
    await shown('wecom', 'High memory usage web1');
    await shown('wecom', 'High memory usage web2');
    await shown('mail', 'HostDown db1:9100 is resolved');
    const { stdout } = await home.belfry(['alerts', '--json']);
    expect(stdout.split('\n').filter((line) => /"critical"|"warning"/.test(line))).toHaveLength(3);
  });

  test.skipIf(!hasAlertmanager)(
    'a real Alertmanager sends each alert of a group (needs prometheus-alertmanager)',
    async () => {
      const config = await readFile(path.join(examples, 'alertmanager-sender/_alertmanager.yml'), 'utf8');
      await writeFile(home.path('token'), 'secret');
      const alertmanager = await openAlertmanager(
        config
          // With no wait the first alert may be sent alone, and the second one minutes later.
          .replace('group_wait: 10s', 'group_wait: 1s')
          .replace('/etc/alertmanager/belfry-token', home.path('token'))
          .replace('127.0.0.1:8765', home.address),
      );
      onTestFinished(() => alertmanager.stop());
      const alerts = ['web7:9100', 'web8:9100'].map((instance) => ({
        labels: { alertname: 'Unreachable', instance, severity: 'critical' },
        annotations: { summary: `${instance} does not answer` },
      }));
      const post = (body: unknown) =>
        fetch(`${alertmanager.origin}/api/v2/alerts`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        });
      expect((await post(alerts)).status).toBe(200);
      await shown('wecom', 'Unreachable web7:9100');
      await shown('mail', 'Unreachable web8:9100');
    },
  );

  test('GitHub: a signed push and a signed failure are one message each, and an unsigned request is refused', async () => {
    await tried('github-deploys-wecom');
    await shown('wecom', 'acme/api: 2 commits by alice');
    await shown('wecom', 'acme/api: Deploy failed');
    const unsigned = await fetch(`http://${home.address}/hooks/github`, { method: 'POST', body: '{}' });
    expect(unsigned.status).toBe(401);
  });

  test.each([
    ['gitlab', 'mail', 'acme/api: pipeline of main failed'],
    ['gitea', 'wecom', 'acme/api: 1 commit by alice'],
    ['uptime-kuma', 'mail', 'Shop is down'],
    ['sentry', 'mail', 'ReferenceError: blooopy is not defined'],
    ['stripe', 'mail', 'jane@example.com: payment of 19.99 EUR failed'],
    ['healthchecks', 'mail', 'Nightly backup did not run'],
    ['argo-cd', 'wecom', 'shop is degraded'],
  ])('%s: the request of its page is sent to %s as %j', async (example, channel, title) => {
    await tried(example);
    await shown(channel, title);
  });

  test('requests of Home Assistant and of a Docker registry are accepted', async () => {
    expect((await tried('home-assistant')).stdout).toMatch(/"id"/);
    expect((await tried('docker-registry')).stdout).toMatch(/"events"/);
  });

  test('five failed logins from one address are one message', async () => {
    await tried('brute-force');
    await shown('dingtalk', '5 failed logins from 203.0.113.9');
  });

  test('a backup that reports a failure and then a success is an alert that ends', async () => {
    await tried('backup-heartbeat');
    await shown('mail', 'The backup failed');
    await shown('screen', 'The backup works again');
  });

  test('a unit that fails, and problems by day and by night, are reported', async () => {
    await tried('failed-units');
    await shown('mail', 'nginx.service failed on web1');
    await tried('quiet-nights');
    await shown('mail', 'ping on web1');
  });

  test('a fatal error in a log is sent at once', async () => {
    await tried('log-digest');
    await shown('mail', 'billing died: out of memory');
  });

  test('a new file in a folder is imported by the script and moved away', async () => {
    await mkdir(home.path('examples/bin'), { recursive: true });
    await cp(home.path('examples/file-to-command/import-file.sh'), home.path('examples/bin/import-file.sh'));
    await tried('file-to-command');
    await home.logged(({ msg, rule }) => msg === 'import-file: delivered' && rule === 'file-arrived');
    expect(await readdir(home.path('srv/incoming/done'))).toEqual(['orders.csv']);
  });

  test('the script for certificates reads files and servers, and the rules report those that end soon', async () => {
    await tried('certificate-expiry');
    await shown('pager', /^The certificate of .*try\.pem expires in [23] days$/);
    const server = createServer({ key: certificates.key, cert: certificates.expired }, (socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const target = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code } = await runBlock(home, `examples/certificate-expiry/check-certificates.sh ${target}`);
    server.close();
    expect(code).toBe(0);
    await shown('mail', `The certificate of ${target} has expired`);
    expect((await runBlock(home, 'examples/certificate-expiry/check-certificates.sh ./missing.pem')).code).toBe(1);
  });

  test('the script for disks reports the file systems of this machine', async () => {
    expect((await runBlock(home, 'examples/disk-usage/disk-usage.sh')).code).toBe(0);
    const { stdout } = await home.belfry(['events', '--type', 'disk.usage', '--json']);
    expect(stdout.split('\n')[0]).toContain('disk.usage');
  });
});
