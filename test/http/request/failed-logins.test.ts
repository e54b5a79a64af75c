import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { FailedLogins } from '../../../daemon/http/request/limits/failed-logins.ts';
import { ask, openTestListener, post } from '../../support/listener.ts';
import { tokenOf } from '../../support/recorded-daemon.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const wrong = { way: 'token', reason: 'unknown' } as const;

function opened() {
  const clock = new VirtualClock();
  const logins = new FailedLogins({ clock, metrics: { loginRefused: () => {} }, onRefused: () => {} });
  return {
    clock,
    count: (address?: string) => logins.count({ ...wrong, ...(address !== undefined && { address }) }),
  };
}

test('ten wrong tokens a minute from one address are answered, then it has to wait for the rest of the minute', async () => {
  const { clock, count } = opened();
  const first = Array.from({ length: 10 }, () => count('192.0.2.1'));
  expect(first).toEqual(Array.from({ length: 10 }, () => 0));
  await clock.advance(15_000);
  expect([count('192.0.2.1'), count('192.0.2.1')]).toEqual([45, 45]);
  expect(count('192.0.2.2')).toBe(0);
  await clock.advance(45_000);
  expect(count('192.0.2.1')).toBe(0);
});

test('the addresses of one IPv6 network of 64 bits count as one, an IPv4 address alone', () => {
  const { count } = opened();
  for (let index = 0; index < 10; index += 1) count(`2001:db8:1:2::${index}`);
  expect([count('2001:db8:1:2::ff'), count('2001:db8:1:3::1')]).toEqual([60, 0]);
  for (let index = 0; index < 10; index += 1) count('192.0.2.1');
  expect([count('::ffff:192.0.2.1'), count('192.0.2.2')]).toEqual([60, 0]);
});

test('memory stays bounded: of many addresses the oldest is forgotten', () => {
  const { count } = opened();
  for (let index = 0; index < 10; index += 1) count('192.0.2.1');
  for (let index = 0; index < 10_000; index += 1) count(`10.0.${index >> 8}.${index & 255}`);
  expect(count('192.0.2.1')).toBe(0);
});

test('wrong tokens get 401 and then 429 on every way in, and a right one from the same address passes', async () => {
  const to = await openTestListener();
  const statuses: number[] = [];
  for (let round = 0; round < 8; round += 1)
    statuses.push((await ask(to, '/v1/status', { token: `guess${round}` })).status);
  statuses.push((await ask(to, '/v1/stream?ticket=guess')).status);
  statuses.push((await post(to, '/v1/console/login', { ticket: 'guess' }, { token: undefined })).status);
  expect(statuses).toEqual(Array.from({ length: 10 }, () => 401));
  const limited = await ask(to, '/v1/status', { token: 'guess' });
  expect([limited.status, limited.json.code]).toEqual([429, 'auth.limited']);
  expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
  expect((await ask(to, '/v1/stream?ticket=guess')).status).toBe(429);
  expect((await post(to, '/v1/console/login', { ticket: 'guess' }, { token: undefined })).status).toBe(429);
  expect(await upgrade(to.listener.address, 'guess')).toContain('HTTP/1.1 429');
  expect((await ask(to, '/v1/status', { token: 'read-token' })).status).toBe(200);
  // Without a token nothing was guessed, and on the socket nobody needs one.
  expect((await ask(to, '/v1/status')).status).toBe(401);
  expect((await ask(to, '/v1/status', { socket: true, token: 'guess' })).status).toBe(401);
  const metrics = await to.metrics.text();
  expect(metrics).toMatch(/belfry_logins_refused_total\{way="token",reason="unknown"\} 11/);
  expect(to.daemon.refusedLogins).toHaveLength(15);
  expect(to.daemon.refusedLogins[0]).toEqual({ way: 'token', reason: 'unknown', address: '127.0.0.1' });
  expect(to.logged.filter((line) => line.includes('login_rate'))).toHaveLength(1);
});

test('an expired token gets the answer of a wrong one, and its refusal has its name', async () => {
  const to = await openTestListener();
  to.daemon.known = [{ ...tokenOf('old', 'old-token', 'admin'), expires: Date.parse('2020-01-01T00:00:00Z') }];
  const [expired, unknown] = [
    await ask(to, '/v1/status', { token: 'old-token' }),
    await ask(to, '/v1/status', { token: 'x' }),
  ];
  expect([expired.status, expired.text]).toEqual([unknown.status, unknown.text]);
  expect(to.daemon.refusedLogins).toMatchObject([{ reason: 'expired', name: 'old' }, { reason: 'unknown' }]);
});

test('a token without the scope is refused under its name, and is no guess', async () => {
  const to = await openTestListener();
  for (let round = 0; round < 12; round += 1)
    expect((await ask(to, '/v1/reload', { method: 'POST', token: 'read-token' })).status).toBe(403);
  expect(await upgrade(to.listener.address, 'emit-token')).toContain('HTTP/1.1 403');
  expect(to.daemon.refusedLogins).toHaveLength(13);
  expect(to.daemon.refusedLogins[0]).toEqual({ way: 'token', reason: 'scope', name: 'reader', address: '127.0.0.1' });
});

test.each([
  ['/hooks/a', 'hook'],
  ['/beats/a', 'beat'],
])('a wrong password at %s counts, and gets 429 in place of 401 above the limit', async (route, way) => {
  const to = await openTestListener();
  let isRight = false;
  to.daemon.hooks.set(route, {
    path: route,
    methods: ['POST'],
    verifies: true,
    handle: async () => (isRight ? { status: 202 } : { status: 401, isGuess: true }),
  });
  const statuses: number[] = [];
  for (let round = 0; round < 11; round += 1) statuses.push((await post(to, route, '')).status);
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429]);
  isRight = true;
  expect((await post(to, route, '')).status).toBe(202);
  expect(to.daemon.refusedLogins[0]).toMatchObject({ way });
});

/** The answer to a WebSocket request with a token as subprotocol. */
function upgrade(address: string, token: string): Promise<string> {
  const [host, port] = address.split(':');
  return new Promise((resolve, reject) => {
    const connection = connect(Number(port), host);
    let text = '';
    connection.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    connection.on('close', () => resolve(text));
    connection.on('error', reject);
    connection.write(
      `GET /v1/stream HTTP/1.1\r\nHost: ${address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: belfry.v1, bearer.${token}\r\n\r\n`,
    );
  });
}
