import { expect, test } from 'vitest';
import { ask, type Asking, dial, openTestListener, type OpenedListener, post } from '../../support/listener.ts';

const APP = 'https://app.example.com';

async function opened(): Promise<OpenedListener> {
  const to = await openTestListener();
  to.daemon.reachedBy = 'https://belfry.example.com/base';
  to.daemon.listed = [APP, 'http://localhost:3000'];
  return to;
}

const from = (origin: string, asking: Asking = {}): Asking => ({
  ...asking,
  headers: { ...asking.headers, origin },
});

const preflight = (origin: string, method: string, more: Readonly<Record<string, string>> = {}): Asking => ({
  method: 'OPTIONS',
  headers: { origin, 'access-control-request-method': method, ...more },
});

const upgrade = async (to: OpenedListener, target: string, origin: string): Promise<string> => {
  const connection = dial(to);
  const head = `GET ${target} HTTP/1.1\r\nHost: ${to.listener.address}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n`;
  connection.write(`${head}Origin: ${origin}\r\n\r\n`);
  return new Promise((resolve) => connection.once('data', (data) => resolve(String(data).split('\r\n')[0]!)));
};

test('a page of a listed origin may read the client, and no page of another one', async () => {
  const to = await opened();
  for (const origin of to.daemon.listed) {
    const { status, headers, text } = await ask(to, '/client.js', from(origin));
    expect([status, headers['access-control-allow-origin'], headers.vary, text]).toEqual([
      200,
      origin,
      'origin',
      'export const belfry = 1;\n',
    ]);
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  }
  const foreign = [
    'https://evil.example',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://app.example.com.evil.example',
    'HTTPS://APP.EXAMPLE.COM',
    'https://app.example.com/',
    'http://localhost:3001',
    'http://127.0.0.1:3000',
    'null',
    '*',
    '',
    `${APP}, https://evil.example`,
  ];
  for (const origin of foreign) {
    const { status, headers, json } = await ask(to, '/client.js', from(origin));
    expect([origin, status, json?.code, headers['access-control-allow-origin']]).toEqual([
      origin,
      403,
      'origin.foreign',
      undefined,
    ]);
  }
});

test('an answer that depends on the origin has `Vary: origin`, also for a request without an origin', async () => {
  const to = await opened();
  expect((await ask(to, '/client.js')).headers.vary).toBe('origin');
  expect((await ask(to, '/healthz')).headers.vary).toBeUndefined();
});

test('a page of a listed origin opens the stream and acknowledges, each with a ticket that works once', async () => {
  const to = await opened();
  const ticket = async (): Promise<string> =>
    (await post(to, '/v1/stream/tickets', { user: 'bob' }, { token: 'stream-token' })).json.ticket as string;
  const used = await ticket();
  expect(await upgrade(to, `/v1/stream?ticket=${used}`, APP)).toContain('101');
  expect(await upgrade(to, `/v1/stream?ticket=${used}`, APP)).toContain('401');
  expect(await upgrade(to, `/v1/stream?ticket=${await ticket()}`, 'https://evil.example')).toContain('403');
  const events = await ask(to, `/v1/stream?ticket=${await ticket()}`, from(APP));
  expect([events.status, events.headers['access-control-allow-origin']]).toEqual([200, APP]);
  const once = await ticket();
  const acked = await post(to, `/v1/stream/ack?ticket=${once}`, { seq: 7 }, { ...from(APP), token: '' });
  expect([acked.status, acked.headers['access-control-allow-origin'], to.stream.acks]).toEqual([204, APP, ['bob 7']]);
  const again = await post(to, `/v1/stream/ack?ticket=${once}`, { seq: 8 }, { ...from(APP), token: '' });
  expect([again.status, again.headers['access-control-allow-origin']]).toEqual([401, APP]);
  expect(to.stream.came.map(({ how, caller }) => [how, caller.user])).toEqual([
    ['upgrade', 'bob'],
    ['events', 'bob'],
  ]);
});

test('a preflight is answered for a listed origin: methods, headers, and no credentials', async () => {
  const to = await opened();
  const { status, headers, text } = await ask(
    to,
    '/v1/stream/ack',
    preflight(APP, 'POST', { 'access-control-request-headers': 'authorization,content-type' }),
  );
  expect([status, text]).toEqual([204, '']);
  expect(headers).toMatchObject({
    'access-control-allow-origin': APP,
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'authorization, content-type, last-event-id',
    vary: 'origin',
  });
  expect(headers['access-control-allow-credentials']).toBeUndefined();
  expect((await ask(to, '/v1/stream', preflight(APP, 'GET'))).headers['access-control-allow-methods']).toBe('GET');
  const foreign = await ask(to, '/v1/stream/ack', preflight('https://evil.example', 'POST'));
  expect([foreign.status, foreign.headers['access-control-allow-methods']]).toEqual([403, undefined]);
  expect((await ask(to, '/v1/stream/ack', { method: 'OPTIONS', headers: { origin: APP } })).status).toBe(405);
});

test('pages of a listed origin cannot use other calls, such as tickets and events', async () => {
  const to = await opened();
  const closed = [
    '/v1/stream/tickets',
    '/v1/feed',
    '/v1/events',
    '/v1/status',
    '/healthz',
    '/metrics',
    '/openapi.json',
  ];
  for (const target of closed) {
    const { status, headers, json } = await ask(to, target, from(APP, { token: 'admin-token' }));
    expect([target, status, json?.code, headers['access-control-allow-origin']]).toEqual([
      target,
      403,
      'origin.foreign',
      undefined,
    ]);
    expect((await ask(to, target, preflight(APP, 'POST'))).status).toBe(403);
  }
  expect(await upgrade(to, '/v1/feed', APP)).toContain('403');
});

test('a change of the listed origins takes effect at the next request', async () => {
  const to = await opened();
  to.daemon.listed = [];
  expect((await ask(to, '/client.js', from(APP))).status).toBe(403);
  to.daemon.listed = [APP];
  expect((await ask(to, '/client.js', from(APP))).status).toBe(200);
});

test('a page of the daemon itself is recognized by scheme, host and port of the request or of `daemon.public_url`', async () => {
  const to = await opened();
  const { address } = to.listener;
  const port = address.split(':')[1]!;
  const code = async (origin: string, host = address): Promise<string> =>
    (await ask(to, '/healthz', from(origin, { headers: { host } }))).json?.code ?? 'fine';
  expect(await code(`http://${address}`)).toBe('fine');
  expect(await code(`http://localhost:${port}`, `localhost:${port}`)).toBe('fine');
  expect(await code('http://localhost:9000', 'localhost:9000')).toBe('fine');
  expect(await code('https://belfry.example.com', 'belfry.example.com')).toBe('fine');
  expect(await code('https://belfry.example.com', 'belfry.example.com:443')).toBe('fine');
  expect(await code('https://belfry.example.com')).toBe('fine');
  expect(await code('http://127.0.0.1:1')).toBe('origin.foreign');
  expect(await code(`http://localhost:${port}`)).toBe('origin.foreign');
  expect(await code('https://belfry.example.com:8443')).toBe('origin.foreign');
});

test('the names in `daemon.public_url` change with it', async () => {
  const to = await opened();
  const status = async (name: string): Promise<number> =>
    (await ask(to, '/healthz', from(`https://${name}`, { headers: { host: name } }))).status;
  expect([await status('belfry.example.com'), await status('new.example.com')]).toEqual([200, 421]);
  to.daemon.reachedBy = 'https://new.example.com';
  expect([await status('belfry.example.com'), await status('new.example.com')]).toEqual([421, 200]);
  to.daemon.reachedBy = 'http://[2001:db8::1]:8765';
  const named = { host: '[2001:db8::1]:8765', origin: 'http://[2001:db8::1]:8765' };
  expect((await ask(to, '/healthz', { headers: named })).status).toBe(200);
  to.daemon.reachedBy = undefined;
  expect([await status('belfry.example.com'), await status('new.example.com')]).toEqual([421, 421]);
});

test('a foreign page is also refused through a tunnel to the Unix socket', async () => {
  const to = await opened();
  const send = (origin: string, host: string): Promise<{ status: number }> =>
    post(to, '/v1/events', { type: 'x' }, { socket: true, headers: { origin, host } });
  expect((await send('https://evil.example', 'localhost:9000')).status).toBe(403);
  expect((await send('http://evil.example:9000', 'evil.example:9000')).status).toBe(403);
  expect((await send('http://localhost:9000', 'localhost:9000')).status).toBe(202);
  expect(to.daemon.accepted).toHaveLength(1);
});
