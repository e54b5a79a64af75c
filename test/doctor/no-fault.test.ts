import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { authority, key, valid } from '../support/certificates.ts';
import { openProxyServer } from '../support/proxy-server.ts';
import { openTestServer } from '../support/test-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';
import { examineWith, type Installation } from './installation.ts';

/** Results of a check that are not ok. */
async function faultsOf(name: string, folder: string, installation: Installation = {}): Promise<readonly string[]> {
  const results = await examineWith(name, folder, installation);
  expect(results.length).toBeGreaterThan(0);
  return results.filter(({ level }) => level !== 'ok').map(({ message }) => message);
}

test('a secret that everybody may read is private in a closed folder', async () => {
  const folder = await temporaryFolder();
  await writeFile(path.join(folder, 'key'), 'sesame-sesame');
  await chmod(path.join(folder, 'key'), 0o644);
  const rules = `channels: { chat: { type: wecom, key: "\${file:${folder}/key}" } }`;
  expect(await faultsOf('secrets.private', folder, { rules })).toEqual([]);
});

test('certificates that everybody may read are no secrets', async () => {
  const folder = await temporaryFolder();
  await chmod(folder, 0o755);
  await writeFile(path.join(folder, 'ca.pem'), authority);
  await chmod(path.join(folder, 'ca.pem'), 0o644);
  const rules = `channels: { post: { type: email, host: 127.0.0.1, ca: "\${file:${folder}/ca.pem}", from: a@example.com, to: b@example.com } }`;
  expect(await faultsOf('secrets.private', folder, { rules })).toEqual([]);
});

test('the group of the socket may pass through the state directory', async () => {
  const folder = await temporaryFolder();
  await mkdir(path.join(folder, 'state'));
  await chmod(path.join(folder, 'state'), 0o710);
  expect(await faultsOf('state.mode', folder)).toEqual([]);
});

test('the parent of a daemon, such as sudo, is not a second daemon', async () => {
  const folder = await temporaryFolder();
  await mkdir(path.join(folder, 'root', 'proc'), { recursive: true });
  const config = path.join(folder, 'rules');
  const script = 'console.log(1); setInterval(() => {}, 1000)';
  for (const argv0 of ['/usr/bin/node', 'sudo']) {
    const args = ['-e', script, '/usr/bin/belfry', 'run', '--config', config];
    const child = spawn(process.execPath, args, { argv0 });
    onTestFinished(() => void child.kill('SIGKILL'));
    await once(child.stdout, 'data');
    await symlink(`/proc/${child.pid}`, path.join(folder, 'root', 'proc', String(child.pid)));
  }
  expect(await faultsOf('daemon.single', folder)).toEqual([]);
});

test('folders that another instance watches are not counted', async () => {
  const folder = await temporaryFolder();
  for (const name of ['a', 'b', 'c']) await mkdir(path.join(folder, 'watched', name), { recursive: true });
  const watching = (instance: string): Installation => ({
    rules: `sources: { box: { type: files, paths: "${folder}/watched/**", instance: ${instance} } }`,
    daemon: 'instance: berlin',
    system: { '/proc/sys/fs/inotify/max_user_watches': '2\n' },
  });
  expect(await faultsOf('inotify.watches', folder, watching('paris'))).toEqual([]);
  expect(await faultsOf('inotify.watches', folder, watching('berlin'))).toHaveLength(1);
});

test('a unit of other rules is not examined', async () => {
  const show = `printf 'LoadState=loaded\\nRestart=no\\nExecStart={ path=/usr/bin/belfry ; argv[]=/usr/bin/belfry run --config /etc/belfry ; ignore_errors=no ; }\\n'`;
  const folder = await temporaryFolder();
  expect(await examineWith('service.restart', folder, { programs: { systemctl: show } })).toEqual([]);
});

test('a path below ProtectHome that the unit opens again is not hidden', async () => {
  const show = `printf 'LoadState=loaded\\nProtectHome=yes\\nBindReadOnlyPaths=/home/ann/inbox:/home/ann/inbox:rbind\\n'`;
  const rules = 'sources: { box: { type: files, paths: /home/ann/inbox/*.csv } }';
  const folder = await temporaryFolder();
  expect(await faultsOf('service.sandbox', folder, { rules, programs: { systemctl: show } })).toEqual([]);
});

test('one missing desktop session is one fault', async () => {
  const rules = 'channels: { screen: { type: desktop } }';
  const failing: string[] = [];
  for (const name of ['user', 'bus', 'display', 'server', 'capabilities', 'quiet', 'bus-owner'])
    for (const { level, message } of await examineWith(`desktop.${name}`, await temporaryFolder(), { rules }))
      if (level !== 'ok') failing.push(message);
  expect(failing).toHaveLength(1);
});

test('a channel behind a proxy is reached through it, and its name need not be known here', async () => {
  const folder = await temporaryFolder();
  const proxy = await openProxyServer({ login: 'belfry:sesame' });
  onTestFinished(() => proxy.close());
  const server = await openTestServer({ tls: { key, cert: valid } });
  onTestFinished(() => server.close());
  await writeFile(path.join(folder, 'ca.pem'), authority);
  const url = `https://127.0.0.1:${server.port}/x`;
  const rules = `channels: { ops: { type: webhook, url: "${url}", ca: ${folder}/ca.pem, proxy: "http://belfry:sesame@127.0.0.1:${proxy.port}" } }`;
  for (const check of ['network.names', 'network.connect', 'network.tls', 'network.proxy'])
    expect(await faultsOf(check, folder, { rules })).toEqual([]);
  expect(new Set(proxy.requests)).toEqual(new Set([`CONNECT 127.0.0.1:${server.port}`]));
});

test('a proxy of the environment that no channel uses is a warning', async () => {
  const folder = await temporaryFolder();
  const env = { HTTPS_PROXY: 'http://proxy:3128' };
  const rules = 'channels: { ops: { type: webhook, url: "http://127.0.0.1:9/x" } }';
  expect(await faultsOf('network.proxy', folder, { rules, env })).toEqual([
    'HTTPS_PROXY is set and not used, and not every channel can be reached directly',
  ]);
});
