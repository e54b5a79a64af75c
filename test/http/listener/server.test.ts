import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import path from 'node:path';
import { expect, test } from 'vitest';
import { routes } from '../../../daemon/http/routes/router.ts';
import { ask, dial, exchange, openTestListener, post, untilClosed } from '../../support/listener.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const EVENT = { type: 'backup.failed' };

test('a token allows the calls of its scopes: 401 without a valid one, 403 with another scope, and admin allows all', async () => {
  const to = await openTestListener();
  const nobody = await ask(to, '/v1/status');
  expect([nobody.status, nobody.headers['www-authenticate'], nobody.json.code]).toEqual([
    401,
    'Bearer realm="belfry"',
    'auth.missing',
  ]);
  const cases: readonly (readonly [string, string, string, number])[] = [
    ['GET', '/v1/status', 'wrong', 401],
    ['GET', '/v1/status', 'emit-token', 403],
    ['GET', '/v1/status', 'read-token', 200],
    ['GET', '/v1/status', 'admin-token', 200],
    ['POST', '/v1/events', 'read-token', 403],
    ['POST', '/v1/events', 'emit-token', 202],
    ['POST', '/v1/events', 'admin-token', 202],
    ['POST', '/v1/reload', 'read-token', 403],
    ['POST', '/v1/reload', 'admin-token', 200],
    ['GET', '/v1/stream', 'read-token', 403],
    ['GET', '/v1/stream', 'ann-token', 200],
    ['GET', '/v1/feed', 'ann-token', 403],
    ['GET', '/v1/feed', 'read-token', 200],
  ];
  for (const [method, target, token, status] of cases) {
    const answer = method === 'POST' ? await post(to, target, EVENT, { token }) : await ask(to, target, { token });
    expect([target, token, answer.status]).toEqual([target, token, status]);
  }
});

test('each route requires its scope, and only the listed ones are open', async () => {
  const to = await openTestListener();
  for (const { method, path: route, scope } of routes) {
    if (scope === 'open' || scope === 'local') continue;
    const answer = await ask(to, route.replace(/:\w+/g, 'x'), { method });
    expect([route, answer.status]).toEqual([route, 401]);
  }
  const open = routes.filter(({ scope }) => scope === 'open').map((route) => route.path);
  const page = ['page.js', 'page.css', 'worker.js', 'manifest.webmanifest', 'icon.png'];
  expect(open).toEqual([
    '/v1/webpush',
    ...page.map((file) => `/v1/webpush/${file}`),
    '/',
    '/console/:file',
    '/v1/console/login',
    '/openapi.json',
    '/client.js',
  ]);
});

test('the Unix socket has mode 0660 and needs no token, with any Host', async () => {
  const to = await openTestListener();
  expect((await stat(to.socket)).mode & 0o777).toBe(0o660);
  const answer = await ask(to, '/v1/reload', { method: 'POST', socket: true, headers: { host: 'anything' } });
  expect([answer.status, to.daemon.calls]).toEqual([200, ['reload']]);
  await to.listener.close(0);
  expect(existsSync(to.socket)).toBe(false);
});

test('a foreign Host is 421, none or two of them 400, and a foreign Origin 403', async () => {
  const to = await openTestListener();
  to.daemon.reachedBy = 'https://belfry.example.com/base';
  const codeOf = async (headers: Record<string, string>) =>
    (await ask(to, '/healthz', { headers })).json?.code ?? 'fine';
  expect(await codeOf({ host: 'evil.example' })).toBe('host.foreign');
  expect(await codeOf({ host: '10.0.0.1:8330' })).toBe('host.foreign');
  expect(await codeOf({ host: 'evil.example@localhost' })).toBe('host.foreign');
  expect(await codeOf({ host: 'localhost:1' })).toBe('fine');
  expect(await codeOf({ host: '[::1]:1' })).toBe('fine');
  expect(await codeOf({ host: 'belfry.example.com' })).toBe('fine');
  expect(await codeOf({ origin: 'https://belfry.example.com' })).toBe('fine');
  expect(await codeOf({ origin: 'https://evil.example' })).toBe('origin.foreign');
  expect(await codeOf({ origin: 'null' })).toBe('origin.foreign');
  const two = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  expect(await exchange(to, two)).toMatch(/^HTTP\/1\.1 400 .*host\.missing/s);
  expect(await exchange(to, 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
});

test('a public URL with an address is a name of the daemon like any other', async () => {
  const to = await openTestListener();
  to.daemon.reachedBy = 'https://[2001:db8::1]:8443';
  expect((await ask(to, '/healthz', { headers: { host: '[2001:db8::1]:8443' } })).status).toBe(200);
});

test('a daemon that listens beyond the loopback accepts any address as Host, but not any name', async () => {
  const to = await openTestListener({ listen: '0.0.0.0:0' });
  expect((await ask(to, '/healthz', { headers: { host: '192.0.2.7:8330' } })).status).toBe(200);
  expect((await ask(to, '/healthz', { headers: { host: 'rebound.example' } })).status).toBe(421);
});

test('an unknown path is 404, another method 405 with Allow, a malformed path 400', async () => {
  const to = await openTestListener();
  const none = await ask(to, '/v1/nothing', { token: 'admin-token' });
  expect([none.status, none.headers['content-type']]).toEqual([404, 'application/problem+json']);
  expect(none.json).toMatchObject({ type: 'about:blank', title: 'Not Found', status: 404, code: 'path.none' });
  const wrong = await ask(to, '/v1/events', { method: 'DELETE', token: 'admin-token' });
  expect([wrong.status, wrong.headers.allow]).toEqual([405, 'GET, POST']);
  expect((await ask(to, '/v1/channels/%zz/hold', { method: 'POST', token: 'admin-token' })).status).toBe(404);
  for (const target of ['http://evil.example/healthz', '*'])
    expect(await exchange(to, `GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 400 .*url\.invalid/s,
    );
  expect(to.logged).toEqual([]);
});

test('every response forbids sniffing and caching', async () => {
  const to = await openTestListener();
  for (const target of ['/healthz', '/v1/nothing', '/hooks/none']) {
    const { headers } = await ask(to, target);
    expect([headers['x-content-type-options'], headers['cache-control']]).toEqual(['nosniff', 'no-store']);
  }
});

test('a bug is 500 without internals, and its stack is in the log', async () => {
  const to = await openTestListener();
  to.daemon.refusal = new TypeError('x is undefined at /secret/place');
  const answer = await post(to, '/v1/events', EVENT);
  expect([answer.status, answer.json.code]).toEqual([500, 'internal']);
  expect(answer.text).not.toContain('secret');
  expect(to.logged.join('')).toContain('x is undefined');
  to.daemon.refusal = undefined;
  expect((await post(to, '/v1/events', EVENT)).status).toBe(202);
});

test('headers that never end are cut off with 408', async () => {
  const to = await openTestListener({ timeouts: { headers: 100, request: 200 } });
  const connection = dial(to);
  connection.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  expect(await untilClosed(connection)).toMatch(/^HTTP\/1\.1 408 /);
  expect(to.logged.map((line) => (JSON.parse(line) as { limit: string }).limit)).toEqual(['header_time']);
});

test('a body that never ends is cut off, and the log names the limit once', async () => {
  const to = await openTestListener({ timeouts: { headers: 100, request: 200 } });
  const connection = dial(to);
  connection.write(
    'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin-token\r\nContent-Length: 100\r\n\r\n{',
  );
  expect(await untilClosed(connection)).toMatch(/^HTTP\/1\.1 408 /);
  expect(to.daemon.accepted).toEqual([]);
  expect(to.logged.map((line) => (JSON.parse(line) as { limit: string }).limit)).toEqual(['request_time']);
});

test('headers over 16 KiB are 431, and anything but HTTP is 400', async () => {
  const to = await openTestListener();
  const large = `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Large: ${'x'.repeat(17_000)}\r\n\r\n`;
  expect(await exchange(to, large)).toMatch(/^HTTP\/1\.1 431 /);
  for (const garbage of [
    '\u0016\u0003\u0001\u0002\u0000',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcd',
  ])
    expect(await exchange(to, garbage)).toMatch(/^HTTP\/1\.1 400 /);
});

test('requests before a malformed one on a connection get their answers first', async () => {
  const to = await openTestListener();
  const good = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
  const post = 'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin-token\r\n';
  const statuses = async (text: string): Promise<string[]> =>
    (await exchange(to, text)).match(/HTTP\/1\.1 \d+/g)!.map((line) => line.slice(9));
  expect(await statuses(`${good}${good}no request\r\n\r\n`)).toEqual(['200', '200', '400']);
  const body = `${post}Content-Length: 12\r\n\r\n{"type":"x"}`;
  expect(await statuses(`${body}${post}Transfer-Encoding: chunked\r\n\r\nno size\r\n`)).toEqual(['202', '400']);
  expect(to.daemon.accepted).toHaveLength(1);
});

test('an offer of HTTP/2 is ignored: the request is answered over HTTP/1.1, with its body', async () => {
  const to = await openTestListener();
  const body = JSON.stringify({ type: 'backup.failed', data: { text: 'x'.repeat(200_000) } });
  const answer = await post(to, '/v1/events', body, {
    headers: { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': 'AAMAAABkAAQAAP__' },
  });
  expect(answer.status).toBe(202);
  expect(to.daemon.accepted[0]?.events[0]?.data).toEqual({ text: 'x'.repeat(200_000) });
});

test('WebSockets go to the stream server, authenticated by header, subprotocol or a single-use ticket', async () => {
  const to = await openTestListener();
  const upgrade = (target: string, headers: Record<string, string>): Promise<string> => {
    const connection = dial(to);
    const lines = Object.entries({ Host: 'localhost', Connection: 'Upgrade', Upgrade: 'websocket', ...headers });
    connection.write(`GET ${target} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
    return new Promise((resolve) => connection.once('data', (data) => resolve(String(data).split('\r\n')[0]!)));
  };
  const { ticket } = (await post(to, '/v1/stream/tickets', { user: 'bob' }, { token: 'stream-token' })).json;
  expect(await upgrade('/v1/stream', { Authorization: 'Bearer ann-token' })).toContain('101');
  expect(await upgrade('/v1/stream', { 'Sec-WebSocket-Protocol': 'belfry.v1, bearer.ann-token' })).toContain('101');
  expect(await upgrade(`/v1/stream?ticket=${ticket}`, {})).toContain('101');
  expect(await upgrade('/v1/feed', { Authorization: 'Bearer read-token' })).toContain('101');
  expect(to.stream.came.map(({ kind, caller }) => [kind, caller.name, caller.user])).toEqual([
    ['stream', 'ann', undefined],
    ['stream', 'ann', undefined],
    ['stream', 'ticket of bob', 'bob'],
    ['feed', 'reader', undefined],
  ]);
  expect(await upgrade(`/v1/stream?ticket=${ticket}`, {})).toContain('401');
  expect(await upgrade('/v1/stream', { 'Sec-WebSocket-Protocol': 'bearer.wrong' })).toContain('401');
  expect(await upgrade('/v1/feed', { Authorization: 'Bearer ann-token' })).toContain('403');
  expect(await upgrade('/v1/stream', { Authorization: 'Bearer ann-token', Origin: 'http://evil' })).toContain('403');
  expect(await upgrade('/v1/status', { Authorization: 'Bearer admin-token' })).toContain('404');
  expect(to.stream.came).toHaveLength(4);
});

test('once stopping, requests are refused with 503 and their connections end; health is still served', async () => {
  const to = await openTestListener();
  to.listener.stopAccepting();
  to.daemon.ready = { ready: false, reasons: ['stopping'] };
  const answer = await post(to, '/v1/events', EVENT);
  expect([answer.status, answer.headers.connection, answer.headers['retry-after'], answer.json.code]).toEqual([
    503,
    'close',
    '5',
    'intake.stopping',
  ]);
  expect([(await ask(to, '/healthz')).status, (await ask(to, '/readyz')).status]).toEqual([200, 503]);
  expect((await ask(to, '/hooks/x', { method: 'POST' })).status).toBe(503);
  expect(to.daemon.accepted).toEqual([]);
});

test('closing lets a response in flight end, and closes connections after the grace, WebSockets too', async () => {
  const to = await openTestListener();
  let answerIt!: () => void;
  to.daemon.onWait = () => new Promise((resolve) => (answerIt = () => resolve([])));
  const under = post(to, '/v1/events?wait=1m', EVENT);
  await expect.poll(() => to.daemon.waits.length).toBe(1);
  const closed = to.listener.close(60_000);
  answerIt();
  expect((await under).status).toBe(200);
  await closed;

  const other = await openTestListener();
  const connection = dial(other);
  connection.write(
    'GET /v1/feed HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer read-token\r\n\r\n',
  );
  await new Promise((resolve) => connection.once('data', resolve));
  const gone = untilClosed(connection);
  await other.listener.close(1);
  await gone;
});

test('an address in use is named, and the socket of the other daemon stays', async () => {
  const taken = await openTestListener();
  const socket = path.join(await temporaryFolder(), 'other.sock');
  await expect(openTestListener({ listen: taken.listener.address, socket })).rejects.toMatchObject({
    code: 'http.address_in_use',
    exit: 1,
    message: expect.stringContaining(`${taken.listener.address} is in use by another program`),
  });
  expect(existsSync(socket)).toBe(false);
});

/** Dead socket, as a killed process leaves it: bound under another name, so that closing the server does not remove it. */
async function deadSocket(socket: string): Promise<void> {
  const server = createServer().listen(`${socket}.bound`);
  await once(server, 'listening');
  await rename(`${socket}.bound`, socket);
  server.close();
  await once(server, 'close');
}

test('a socket that a killed daemon left is replaced; a file of that name is not', async () => {
  const folder = await temporaryFolder();
  const socket = path.join(folder, 'belfry.sock');
  await deadSocket(socket);
  const to = await openTestListener({ socket });
  expect((await ask(to, '/v1/status', { socket: true })).status).toBe(200);
  expect(await readdir(folder)).toEqual(['belfry.sock']);

  const file = path.join(folder, 'precious.txt');
  await writeFile(file, 'mine');
  await expect(openTestListener({ socket: file })).rejects.toMatchObject({ code: 'http.socket_path', exit: 78 });
  expect(await readFile(file, 'utf8')).toBe('mine');
});

test('a socket on which a daemon listens stays: the second daemon is refused', async () => {
  const first = await openTestListener();
  await expect(openTestListener({ socket: first.socket })).rejects.toMatchObject({
    code: 'http.socket_in_use',
    exit: 75,
    message: expect.stringContaining(first.socket),
  });
  expect((await ask(first, '/v1/status', { socket: true })).status).toBe(200);
});

test('of listeners that start together on a dead socket only one succeeds', async () => {
  const socket = path.join(await temporaryFolder(), 'belfry.sock');
  await deadSocket(socket);
  const begun = await Promise.allSettled(Array.from({ length: 6 }, () => openTestListener({ socket })));
  expect(begun.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  const reasons = begun.flatMap((one) => (one.status === 'rejected' ? [(one.reason as { code: string }).code] : []));
  expect(new Set(reasons)).toEqual(new Set(['http.socket_in_use']));
});

test('a stopping listener removes its own socket only', async () => {
  const first = await openTestListener();
  await rename(first.socket, `${first.socket}.moved`);
  const second = await openTestListener({ socket: first.socket });
  await first.listener.close(0);
  expect((await ask(second, '/v1/status', { socket: true })).status).toBe(200);
  await second.listener.close(0);
  expect(existsSync(second.socket)).toBe(false);
});

test('a socket path that is too long is refused before anything listens', async () => {
  const socket = path.join(await temporaryFolder(), 'x'.repeat(120));
  await expect(openTestListener({ socket })).rejects.toMatchObject({
    code: 'http.socket_path',
    message: expect.stringContaining('107 bytes'),
  });
});
