import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { connect, type NetConnectOpts, type Socket } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { connectionLimits } from '../../../daemon/http/listener/connections.ts';
import { listRulesFiles } from '../../../daemon/reload/files.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { descriptorsOf } from '../support/process.ts';
import { expectIntact, openTarget, type Target, type TargetOptions } from '../support/target.ts';

async function opened(options: TargetOptions = {}): Promise<Target> {
  const target = await openTarget(options);
  onTestFinished(() => target.close());
  return target;
}

async function refusedBy({ home }: Target, limit: string): Promise<number> {
  const { body } = await home.call<string>('GET', '/metrics');
  return Number(new RegExp(`^belfry_refused_total\\{limit="${limit}"\\} (\\d+)$`, 'm').exec(body)![1]);
}

const event = (more: object = {}): object => ({ type: 'attack.limit', ...more });

/** Whether the machine has the program that sets the limit of open files of a process. */
function hasLimits(): boolean {
  try {
    execFileSync('prlimit', ['--version']);
    return true;
  } catch {
    return false;
  }
}
const needsLimits = hasLimits() ? '' : ' (skipped: needs prlimit)';

/** Opens many connections at once; resolves to those that are still open when the daemon has looked at all. */
async function openMany(to: NetConnectOpts, count: number): Promise<readonly Socket[]> {
  const sockets = Array.from({ length: count }, () => connect(to));
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  for (const socket of sockets) socket.on('error', () => socket.destroy()).resume();
  await Promise.all(
    sockets.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')]).catch(() => undefined)),
  );
  return sockets;
}

const openOf = (sockets: readonly Socket[]): number => sockets.filter((socket) => !socket.closed).length;

test.skipIf(needsLimits !== '')(
  `open_files: connections leave room for everything else, and the daemon goes on when there is none left${needsLimits}`,
  async () => {
    const target = await opened({ wrapper: ['prlimit', '--nofile=512', '--'] });
    const { home, port } = target;
    const most = connectionLimits(512).tcp;
    const sockets = await openMany({ port, host: '127.0.0.1' }, most + 100);
    await expect.poll(() => openOf(sockets)).toBeLessThanOrEqual(most);
    expect(await refusedBy(target, 'connections')).toBeGreaterThanOrEqual(100);
    await expectIntact(target, 0);
    for (const socket of sockets) socket.destroy();

    // Now there is no file left, as when another part of the program has taken them.
    const held = await descriptorsOf(home.pid);
    execFileSync('prlimit', ['--pid', String(home.pid), `--nofile=${held + 3}:`]);
    const more = await openMany({ port, host: '127.0.0.1' }, 50);
    await expect.poll(() => descriptorsOf(home.pid)).toBeLessThanOrEqual(held + 3);
    for (const socket of more) socket.destroy();
    await expect.poll(() => descriptorsOf(home.pid)).toBeLessThanOrEqual(held);
    await expectIntact(target, 0);
  },
);

test('socket_connections: of 2,000 on the socket 512 stay, those without a request are closed, and commands go on', async () => {
  const target = await opened();
  const sockets = await openMany({ path: target.home.path('state', 'belfry.sock') }, 2000);
  await expect.poll(() => openOf(sockets)).toBeLessThanOrEqual(512);
  for (const socket of sockets.slice(0, 1000)) socket.destroy();
  await expect.poll(() => openOf(sockets), { timeout: 30_000 }).toBe(0);
  expect(await refusedBy(target, 'socket_connections')).toBeGreaterThan(0);
  await expectIntact(target, 0);
});

test('event_rate: as many events as the rate come in, more are 429, and the rest goes on', async () => {
  const target = await opened({ daemon: '  limits: { events_per_second: 5 }\n' });
  const post = (count: number) => target.home.call('POST', '/v1/events', Array<object>(count).fill(event()));
  expect((await post(5)).status).toBe(202);
  const refused = await post(6);
  expect([refused.status, refused.headers['retry-after']]).toEqual([429, '1']);
  expect(refused.body).toMatchObject({ code: 'intake.rate' });
  expect(await refusedBy(target, 'event_rate')).toBe(1);
  await expect.poll(async () => (await post(1)).status).toBe(202);
});

test('queue: beyond the size of the pending deliveries nothing is accepted, and it goes on when there is room', async () => {
  const target = await opened({ daemon: '  limits: { queue: 1GiB }\n' });
  const { home } = target;
  const post = () => home.call('POST', '/v1/events', event());
  expect((await post()).status).toBe(202);
  const limited = async (settings: string): Promise<void> => {
    await home.rules('', 'rules.yaml', settings);
    expect((await home.call('POST', '/v1/reload')).body).toMatchObject({ ok: true });
  };
  await limited('  limits: { queue: 1B }\n  retention: { size: 1B }\n');
  const refused = await post();
  expect([refused.status, refused.body]).toMatchObject([507, { code: 'intake.queue_full' }]);
  expect(await refusedBy(target, 'queue')).toBe(1);
  await limited('  limits: { queue: 1GiB }\n');
  await expectIntact(target, 0);
});

test('rerun_events: 10,000 events may be decided again, and one more is refused before anything is done', async () => {
  const target = await opened();
  const post = (count: number) => target.home.call('POST', '/v1/events', Array<object>(count).fill(event()));
  const rerun = () => target.home.call('POST', '/v1/events/rerun', { filter: { type: 'attack.limit' }, plan: true });
  expect((await post(10_000)).status).toBe(202);
  expect((await rerun()).status).toBe(200);
  expect((await post(1)).status).toBe(202);
  expect(await rerun()).toMatchObject({ status: 400, body: { code: 'rerun.too_many' } });
  expect(await refusedBy(target, 'rerun_events')).toBe(1);
  await expectIntact(target, 0);
});

test('unsaved_threads: four checks of rules in requests run at once, and more are 429', async () => {
  const target = await opened();
  const check = () => target.home.call('POST', '/v1/check', { rules: 'rules: []\n' });
  const together = async (count: number) => await Promise.all(Array.from({ length: count }, check));
  expect((await together(4)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const answers = await together(12);
  const refused = answers.filter(({ status }) => status !== 200);
  expect(refused.length).toBeGreaterThan(0);
  for (const { status, headers, body } of refused)
    expect([status, headers['retry-after'], body]).toMatchObject([429, '1', { code: 'rules.busy' }]);
  expect(await refusedBy(target, 'unsaved_threads')).toBe(refused.length);
  await expectIntact(target, 0);
});

test('rule_tests: the daemon runs 5,000 tests and says that there are more', async () => {
  const target = await opened();
  const saved = (count: number): Promise<void> => {
    const one = '  - { name: n, steps: [{ event: { type: other }, expect: [] }] }\n';
    return writeFile(target.home.path('rules', 'many.test.yaml'), `tests:\n${one.repeat(count)}`);
  };
  const run = async () =>
    (await target.home.call<{ tests: number; problems: object[] }>('POST', '/v1/rules/test')).body;
  await saved(5000);
  expect(await run()).toMatchObject({ tests: 5000, problems: [] });
  await saved(5001);
  expect(await run()).toMatchObject({ tests: 5000, problems: [{ code: 'test.too_many' }] });
  await expectIntact(target, 0);
});

test('rules_files: a directory has 10,000 files', async () => {
  const folder = await temporaryFolder();
  const names = Array.from({ length: 10_000 }, (_, index) => path.join(folder, `${index}.yaml`));
  for (let from = 0; from < names.length; from += 500)
    await Promise.all(names.slice(from, from + 500).map((name) => writeFile(name, '')));
  expect((await listRulesFiles(folder)).files).toHaveLength(10_000);
  await writeFile(path.join(folder, 'one-more.yaml'), '');
  expect(await listRulesFiles(folder)).toMatchObject({ files: [], problems: [{ code: 'file.too_many' }] });
});

test('unread_bytes: a client that asks for answers and does not read them is closed', async () => {
  const target = await opened();
  const socket = connect(target.port, '127.0.0.1');
  socket.on('error', () => socket.destroy());
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(
    `GET /v1/stream?user=ann HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer ${target.token}\r\n\r\n`,
  );
  await once(socket, 'data');
  socket.pause();
  const text = Buffer.from('{"type":"ping"}');
  const frame = Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), text]);
  const many = Buffer.concat(Array<Buffer>(4096).fill(frame));
  const flood = (): void => {
    while (!socket.destroyed && socket.write(many));
  };
  socket.on('drain', flood);
  flood();
  await closed;
  expect(await refusedBy(target, 'unread_bytes')).toBe(1);
  await expectIntact(target, 0);
});
