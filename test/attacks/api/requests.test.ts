import { expect } from 'vitest';
import { attacksOn } from '../support/attack.ts';
import { exchange, statusesOf } from '../support/raw.ts';
import { send, type Sent, storedCount } from '../support/send.ts';
import type { Target } from '../support/target.ts';

const TOKENS = {
  admin: 'admin-token-0123456789',
  emit: 'emit-token-0123456789',
  read: 'read-token-0123456789',
  ack: 'ack-token-0123456789',
  alice: 'alice-token-0123456789',
};

const attack = attacksOn({
  daemon: `  tokens:
    - { name: admin, token: ${TOKENS.admin}, scopes: [admin] }
    - { name: emit, token: ${TOKENS.emit}, scopes: [emit] }
    - { name: read, token: ${TOKENS.read}, scopes: [read] }
    - { name: ack, token: ${TOKENS.ack}, scopes: [ack] }
    - { name: alice, token: ${TOKENS.alice}, scopes: ["stream:alice"] }
`,
  rules: (origin) => `channels:
  named: { type: webhook, url: "${origin}/named" }
  other: { type: webhook, url: "${origin}/other" }
rules:
  - { name: named, on: api, match: { type: routed }, notify: named }
`,
});

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
const post = (
  target: Target,
  headers: Record<string, string>,
  body: string | Buffer = '{"type":"posted"}',
): Promise<Sent> => send(target, '/v1/events', { body, headers });

attack('B1', async (target) => {
  const before = await storedCount(target, 'api');
  const wrong = [
    {},
    bearer('wrong'),
    bearer(''),
    bearer(TOKENS.emit.slice(0, -1)),
    bearer(`${TOKENS.emit}x`),
    bearer(TOKENS.emit.toUpperCase()),
    { authorization: `Basic ${TOKENS.emit}` },
    { authorization: TOKENS.emit },
    { authorization: 'Bearer null' },
    { 'x-token': TOKENS.emit },
    { cookie: `token=${TOKENS.emit}` },
  ];
  const answers = [];
  for (const headers of wrong) answers.push(await post(target, headers as Record<string, string>));
  // One answer for all, which does not say what was wrong.
  expect([...new Set(answers.map(({ status, text }) => `${status} ${text}`))]).toEqual([
    expect.stringMatching(/^401 /),
  ]);
  for (const token of [TOKENS.read, TOKENS.ack, TOKENS.alice])
    expect((await post(target, bearer(token))).status).toBe(403);
  const foreign: readonly [string, string, string][] = [
    [TOKENS.emit, 'GET', '/v1/events'],
    [TOKENS.read, 'POST', '/v1/reload'],
    [TOKENS.read, 'POST', '/v1/console/tickets'],
    [TOKENS.ack, 'GET', '/v1/dead'],
    [TOKENS.alice, 'GET', '/v1/status'],
    [TOKENS.alice, 'GET', '/v1/feed'],
    [TOKENS.read, 'GET', '/v1/backup'],
    [TOKENS.emit, 'POST', '/v1/dead/resend'],
  ];
  for (const [token, method, path] of foreign)
    expect([path, (await send(target, path, { method, headers: bearer(token) })).status]).toEqual([path, 403]);
  expect(
    (await send(target, '/v1/stream/tickets', { body: '{"user":"bob"}', headers: bearer(TOKENS.alice) })).status,
  ).toBe(403);
  expect(await storedCount(target, 'api')).toBe(before);
});

attack('B2', async (target) => {
  const from = target.home.output.length;
  for (const name of ['token', 'access_token', 'authorization', 'ticket', 'bearer'])
    for (const path of ['/v1/status', '/v1/feed', '/v1/stream', '/v1/events'])
      expect([path, (await send(target, `${path}?${name}=${TOKENS.admin}`, { method: 'GET' })).status]).toEqual([
        path,
        401,
      ]);
  expect(
    (await send(target, `/v1/status?token=${TOKENS.admin}`, { method: 'GET', headers: bearer(TOKENS.read) })).status,
  ).toBe(400);
  expect(target.home.output.slice(from)).not.toContain(TOKENS.admin);
});

attack('B3', async (target) => {
  const { port } = target;
  const get = async (host: string): Promise<number[]> =>
    statusesOf(
      await exchange(
        { host: '127.0.0.1', port },
        `GET /v1/status HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${TOKENS.admin}\r\nConnection: close\r\n\r\n`,
      ),
    );
  const foreign = [
    'evil.example',
    `evil.example:${port}`,
    '127.0.0.1.evil',
    'localhost.evil',
    `localhost:${port}.evil`,
    'localhost:9999.evil',
    '[::ffff:127.0.0.1]',
    '',
    'user@localhost',
    'localhost/evil',
    'evil.example#localhost',
    '0.0.0.0',
    'localhost\\.evil',
    '192.168.0.1',
    'xn--lcalhost-54a',
  ];
  for (const host of foreign) expect([host, await get(host)]).toEqual([host, [421]]);
  for (const host of ['localhost', `localhost:${port}`, '127.0.0.1', `127.0.0.1:${port}`, '[::1]'])
    expect([host, await get(host)]).toEqual([host, [200]]);
});

attack('B4', async (target) => {
  for (const origin of [
    'https://evil.example',
    'null',
    'http://localhost.evil',
    'file://',
    `http://127.0.0.1:${target.port + 1}`,
    `http://127.0.0.1:${target.port}.evil`,
    'chrome-extension://abc',
    '',
  ]) {
    const answer = await post(target, { ...bearer(TOKENS.emit), origin });
    expect([origin, answer.status]).toEqual([origin, 403]);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
  expect((await post(target, { ...bearer(TOKENS.emit), origin: `http://127.0.0.1:${target.port}` })).status).toBe(202);
});

attack('B5', async (target) => {
  const before = await storedCount(target, 'api');
  const types = ['text/plain', 'multipart/form-data; boundary=x', 'application/x-www-form-urlencoded'];
  for (const type of types) {
    expect((await post(target, { 'content-type': type, origin: 'https://evil.example' })).status).toBe(403);
    expect((await post(target, { 'content-type': type })).status).toBe(401);
  }
  for (const type of types.slice(0, 2))
    expect((await post(target, { ...bearer(TOKENS.emit), 'content-type': type })).status).toBe(415);
  expect(await storedCount(target, 'api')).toBe(before);
});

attack('B6', async (target) => {
  const asks = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization',
    'access-control-request-private-network': 'true',
  };
  for (const path of [
    '/v1/events',
    '/v1/status',
    '/v1/stream',
    '/v1/feed',
    '/client.js',
    '/healthz',
    '/',
    '/hooks/x',
  ]) {
    const answer = await send(target, path, {
      method: 'OPTIONS',
      headers: { origin: 'https://evil.example', ...asks },
    });
    expect([path, [403, 404, 405].includes(answer.status)]).toEqual([path, true]);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  }
});

attack('B7', async (target) => {
  const cross = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
  for (const path of ['/v1/status', '/v1/events', '/v1/feed', '/v1/backup'])
    expect((await send(target, path, { method: 'GET', headers: cross })).status).toBe(401);
  for (const path of ['/v1/reload', '/v1/dead/resend', '/v1/channels/named/test', '/v1/channels/named/hold'])
    expect([
      path,
      [404, 405].includes(
        (await send(target, path, { method: 'GET', headers: { ...cross, ...bearer(TOKENS.admin) } })).status,
      ),
    ]).toEqual([path, true]);
  const open = await send(target, '/healthz', { method: 'GET', headers: cross });
  expect(open.headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
});

attack('B10', async (target) => {
  const before = await storedCount(target, 'api');
  const types = ['', 'a\nb', 'a\u0000b', 'a\u001Bb', 'x'.repeat(1025), 'x'.repeat(5000), 7, null, {}, ['a'], true];
  for (const type of types)
    expect([type, (await post(target, bearer(TOKENS.emit), JSON.stringify({ type }))).status]).toEqual([type, 400]);
  for (const name of ['__proto__', 'event', 'now', 'Bad Name', 'x'.repeat(65), ''])
    expect([
      name,
      (await post(target, bearer(TOKENS.emit), `{"type":"t",${JSON.stringify(name)}:{"admin":true}}`)).status,
    ]).toEqual([name, 400]);
  expect((await post(target, bearer(TOKENS.emit), '{"type":"t","source":"belfry"}')).status).toBe(400);
  expect(await storedCount(target, 'api')).toBe(before);
  for (const type of ['../../x', '__proto__', 'constructor', '*', '{{ data }}', '\u202Ex'])
    expect((await post(target, bearer(TOKENS.emit), JSON.stringify({ type }))).status).toBe(202);
});

attack('B11', async (target) => {
  const { home, receiver } = target;
  const fields = {
    channel: 'other',
    to: 'other',
    url: 'http://127.0.0.1:1/',
    template: '{{ secrets }}',
    notify: ['other'],
    rule: 'x',
    message: { title: 'forged' },
  };
  const answer = await home.call<{ deliveries: { channel: string; state: string }[] }>('POST', '/v1/events?wait=30s', {
    type: 'routed',
    ...fields,
    data: fields,
  });
  expect(answer.body.deliveries.map(({ channel, state }) => [channel, state])).toEqual([['named', 'delivered']]);
  expect(receiver.got.filter(({ channel }) => channel === 'other')).toEqual([]);
});
