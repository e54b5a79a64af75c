import { expect, test } from 'vitest';
import { routes } from '../../../daemon/http/routes/router.ts';
import { ask, dial, openTestListener, untilClosed } from '../../support/listener.ts';
import { tokenOf } from '../../support/recorded-daemon.ts';
import { WRONG_VALUES } from '../../support/wrong-values.ts';

const guarded = routes.filter(({ scope }) => scope !== 'open' && scope !== 'local');

async function opened() {
  const to = await openTestListener();
  to.daemon.known = [tokenOf('all', 'all-token', 'admin', 'stream', 'emit', 'read')];
  return to;
}

const pathOf = (path: string) => path.replace(/:\w+/g, 'x');

test.each(guarded.map(({ method, path }) => [method, path] as const))(
  '%s %s refuses a parameter that it does not know',
  async (method, path) => {
    const to = await opened();
    const { status, headers, json } = await ask(to, `${pathOf(path)}?nosuch=1`, { method, token: 'all-token' });
    expect([status, headers['content-type'], json.code, json.parameter]).toEqual([
      400,
      'application/problem+json',
      'query.invalid',
      'nosuch',
    ]);
  },
);

// A ticket is checked before everything else, like a token: a wrong one is 401.
const parameters = guarded.flatMap(({ method, path, query = {} }) =>
  Object.entries(query)
    .filter(([name]) => name !== 'ticket')
    .map(([name, { kind }]) => [`${method} ${path}`, name, method, path, kind] as const),
);

test.each(parameters)(
  '%s refuses wrong values of `%s`, and says which are allowed',
  async (_, name, method, path, kind) => {
    const to = await opened();
    const wrong = WRONG_VALUES[kind.name];
    expect(wrong).toBeDefined();
    for (const value of wrong!) {
      const query = new URLSearchParams({ [name]: value }).toString();
      const { status, json } = await ask(to, `${pathOf(path)}?${query}`, { method, token: 'all-token' });
      expect([value, status, json.parameter, json.detail]).toEqual([
        value,
        400,
        name,
        expect.stringContaining(kind.allowed),
      ]);
    }
  },
);

test.each(parameters)('%s refuses `%s` when it is given twice', async (_, name, method, path) => {
  const to = await opened();
  const { status, json } = await ask(to, `${pathOf(path)}?${name}=1&${name}=1`, { method, token: 'all-token' });
  expect([status, json.parameter]).toEqual([400, name]);
});

test('public routes accept the parameters of probes and caches', async () => {
  const to = await opened();
  for (const path of ['/healthz?probe=1', '/readyz?a=b', '/metrics?x=1', '/openapi.json?v=2', '/client.js?v=2'])
    expect((await ask(to, path)).status).toBe(200);
});

test('a WebSocket with an unknown or a wrong parameter is refused before it is opened', async () => {
  const to = await opened();
  for (const query of ['nosuch=1', 'seq=many', 'user=', 'user=a&user=b']) {
    const connection = dial(to);
    connection.write(
      `GET /v1/stream?${query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer all-token\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
    );
    expect(await untilClosed(connection)).toMatch(/^HTTP\/1.1 400 /);
  }
});

test.each([
  ['class', 'foo', '`expired`'],
  ['since', 'nonsense', 'a duration ago'],
  ['to', '', 'not empty'],
  ['channel', 7, 'a text'],
  ['all', 'yes', '`true` or `false`'],
])('a resend with the %s %j is refused, and says what is allowed', async (name, value, allowed) => {
  const to = await opened();
  const options = { method: 'POST', token: 'all-token', body: JSON.stringify({ [name]: value }) };
  const { status, json } = await ask(to, '/v1/dead/resend', options);
  expect([status, json.code, json.detail]).toEqual([400, 'resend.criteria', expect.stringContaining(allowed)]);
  expect(to.daemon.resends).toEqual([]);
});

test('a field that `/v1/check` does not know is refused, since it would validate something else', async () => {
  const to = await opened();
  const options = { method: 'POST', token: 'all-token', body: JSON.stringify({ pth: '/etc/belfry' }) };
  const { status, json } = await ask(to, '/v1/check', options);
  expect([status, json.code, to.daemon.calls]).toEqual([400, 'check.path', []]);
});
