import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from 'node:net';
import { expect, onTestFinished } from 'vitest';
import { Home } from '../../support/daemon.ts';
import { mountSmallDisk } from '../../support/small-disk.ts';
import { attacksOn } from '../support/attack.ts';
import { needsNetwork, ownAddress } from '../support/network.ts';
import { openRaw } from '../support/raw.ts';
import { send, storedCount } from '../support/send.ts';
import { openTarget, type Target } from '../support/target.ts';

const attack = attacksOn();

const NDJSON = { 'content-type': 'application/x-ndjson' };
const needsRoot = process.getuid?.() === 0 ? '' : ' (skipped: needs root)';
const needsStrace = existsSync('/usr/bin/strace') ? '' : ' (skipped: install the Debian package strace)';

const bearer = ({ token }: Pick<Target, 'token'>) => ({ authorization: `Bearer ${token}` });

/** Whether a connection to an address is accepted. */
function accepts(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

attack(
  'B8',
  async ({ port }) => {
    expect(await Promise.all(['127.0.0.1', '127.0.0.2', ownAddress!].map((host) => accepts(host, port)))).toEqual([
      true,
      false,
      false,
    ]);
    const open = await openTarget({ listen: '0.0.0.0' });
    onTestFinished(() => open.close());
    const outside = { origin: `http://${ownAddress}:${open.port}` };
    for (const path of ['/metrics', '/readyz', '/v1/status', '/v1/events', '/v1/feed'])
      expect([path, (await send(outside, path, { method: 'GET' })).status]).toEqual([path, 401]);
    expect((await send(outside, '/metrics', { method: 'GET', headers: bearer(open) })).status).toBe(200);
  },
  needsNetwork,
);

attack('B12', async (target) => {
  const before = await storedCount(target, 'api');
  const headers = { ...bearer(target), 'idempotency-key': 'one-key' };
  const answers = await Promise.all(
    Array.from({ length: 64 }, () => send(target, '/v1/events', { body: '{"type":"once"}', headers })),
  );
  const ids = answers.map(
    ({ status, text }) => [status, (JSON.parse(text) as { events: { id: string }[] }).events[0]!.id] as const,
  );
  expect(new Set(ids.map(([status, id]) => `${status} ${id}`)).size).toBe(1);
  expect(ids[0]![0]).toBe(202);
  expect((await send(target, '/v1/events', { body: '{"type":"another"}', headers })).status).toBe(409);
  expect(await storedCount(target, 'api')).toBe(before + 1);
});

attack('B13', async (target) => {
  const { home, port } = target;
  const head = (id: string, length: number): string =>
    `POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${target.token}\r\nContent-Length: ${length}\r\n\r\n{"type":"cut","id":"${id}"`;
  const length = '{"type":"cut","id":"whole-00"}'.length;
  for (let count = 0; count < 20; count += 1) {
    const half = await openRaw({ host: '127.0.0.1', port });
    half.socket.write(head('half', 100), () => half.socket.destroy());
    const whole = await openRaw({ host: '127.0.0.1', port });
    whole.socket.write(`${head(`whole-${String(count).padStart(2, '0')}`, length)}}`, () =>
      whole.socket.resetAndDestroy(),
    );
  }
  // A client that leaves after the whole body may find its event stored, and may send it again.
  for (let count = 0; count < 20; count += 1) {
    const id = `whole-${String(count).padStart(2, '0')}`;
    const again = await home.call<{ events: { id: string }[] }>('POST', '/v1/events', { type: 'cut', id });
    expect([again.status, again.body.events[0]!.id]).toEqual([202, id]);
  }
  const { body } = await home.call<{ events: { id: string }[] }>('GET', '/v1/events?type=cut&limit=100');
  expect(body.events.map(({ id }) => id).toSorted()).toEqual(
    Array.from({ length: 20 }, (_, count) => `whole-${String(count).padStart(2, '0')}`),
  );
});

attack('B14', async (target) => {
  const before = await storedCount(target, 'api');
  const lines = Array.from({ length: 10_000 }, (_, index) => (index === 5000 ? '{"data":1}' : '{"type":"batch"}'));
  const whole = await send(target, '/v1/events', { body: lines.join('\n'), headers: { ...bearer(target), ...NDJSON } });
  expect([whole.status, (JSON.parse(whole.text) as { pointer: string }).pointer]).toEqual([400, '/5000/type']);
  const array = await send(target, '/v1/events', { body: `[${lines.join(',')}]`, headers: bearer(target) });
  expect([array.status, (JSON.parse(array.text) as { pointer: string }).pointer]).toEqual([400, '/5000/type']);
  const many = await send(target, '/v1/events', {
    body: '{"type":"b"}\n'.repeat(10_001),
    headers: { ...bearer(target), ...NDJSON },
  });
  expect(many.status).toBe(400);
  expect(await storedCount(target, 'api')).toBe(before);
});

attack(
  'B15',
  async () => {
    const home = await Home.make();
    mkdirSync(home.path('state'));
    const disk = mountSmallDisk(home.path('state'), 24)!;
    onTestFinished(async () => {
      await home.close().catch(() => {});
      disk.unmount();
      await home.close();
    });
    await home.rules('');
    await home.start();
    const post = () => home.call('POST', '/v1/events', { type: 't', data: 'x'.repeat(100_000) });
    expect((await post()).status).toBe(202);
    disk.fill();
    let status = 202;
    let accepted = 1;
    for (; status === 202; accepted += status === 202 ? 1 : 0) ({ status } = await post());
    expect(status).toBe(507);
    expect(
      (await home.call<{ events: unknown[] }>('GET', '/v1/events?source=api&limit=1000')).body.events,
    ).toHaveLength(accepted);
    disk.empty();
    await expect.poll(async () => (await post()).status).toBe(202);
  },
  needsRoot,
);

const SLOW_MS = 1500;

attack(
  'B16',
  async (target) => {
    const inject = `inject=fsync,fdatasync:delay_enter=${SLOW_MS * 1000}`;
    const strace = spawn(
      'strace',
      ['-f', '-p', `${target.home.pid}`, '-o', '/dev/null', '-e', 'trace=fsync,fdatasync', '-e', inject],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const attached = new Promise<void>((resolve, reject) => {
      strace.stderr.on('data', (text: Buffer) => text.includes('attached') && resolve());
      strace.once('exit', () => reject(new Error('strace could not attach')));
    });
    onTestFinished(() => void strace.kill('SIGKILL'));
    await attached;
    const start = performance.now();
    let isAnswered = false;
    const posted = target.home.call('POST', '/v1/events', { type: 'slow' }).finally(() => (isAnswered = true));
    await delay(SLOW_MS / 3);
    expect(isAnswered).toBe(false);
    // Answers that need no disk come meanwhile.
    expect((await send(target, '/healthz', { method: 'GET' })).status).toBe(200);
    expect(isAnswered).toBe(false);
    expect((await posted).status).toBe(202);
    expect(performance.now() - start).toBeGreaterThanOrEqual(SLOW_MS);
    const ended = new Promise((resolve) => strace.once('exit', resolve));
    strace.removeAllListeners('exit').kill('SIGTERM');
    await Promise.race([ended, delay(2000)]);
  },
  needsStrace,
);

attack('B17', async (target) => {
  const { home, origin } = target;
  await home.call('POST', '/v1/events', { type: 'evil"} 1\nforged{a="', source: 'evil"}\\', data: 1 });
  const { status, text } = await send({ origin }, '/metrics', { method: 'GET' });
  expect(status).toBe(200);
  expect(text).not.toContain(target.token);
  expect(text).not.toMatch(/evil|forged|attack\.proof/);
  for (const line of text.trimEnd().split('\n'))
    expect(line).toMatch(/^(?:$|# |[a-z_\d]+(?:\{(?:[a-z_\d]+="(?:[^"\\\n]|\\.)*",?)*\})? [-+\d.eNaIinf]+$)/);
});
