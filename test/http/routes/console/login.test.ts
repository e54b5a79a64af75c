import { expect, test } from 'vitest';
import { ask, type OpenedListener, openTestListener, post } from '../../../support/listener.ts';

const ticketOf = async (to: OpenedListener, body: unknown = {}) =>
  (await post(to, '/v1/console/tickets', body)).json.ticket as string;
const login = (to: OpenedListener, body: unknown, headers = {}) =>
  post(to, '/v1/console/login', body, { token: undefined, headers });

test('the name and the scopes of a token, or of the socket, are shown', async () => {
  const to = await openTestListener();
  const { json } = await ask(to, '/v1/token', { token: 'ann-token' });
  expect(json).toEqual({ name: 'ann', scopes: ['stream:ann'] });
  expect((await ask(to, '/v1/token', { socket: true })).json).toEqual({ name: 'socket', scopes: ['admin'] });
  expect((await ask(to, '/v1/token', { token: 'wrong' })).status).toBe(401);
});

test('a ticket becomes a session token, which is a token like any other', async () => {
  const to = await openTestListener();
  const issued = await post(to, '/v1/console/tickets', { scope: 'read' });
  expect(issued).toMatchObject({ status: 201, json: { expires_in: 60 } });
  const session = await login(to, { ticket: issued.json.ticket });
  expect(session).toMatchObject({ status: 200, json: { name: 'console of root', scopes: ['read'] } });
  const { token } = session.json;
  expect((await ask(to, '/v1/token', { token })).json).toEqual({ name: 'console of root', scopes: ['read'] });
  expect((await ask(to, '/v1/status', { token })).status).toBe(200);
  expect((await post(to, '/v1/reload', undefined, { token })).status).toBe(403);
  expect((await post(to, '/v1/console/tickets', {}, { token })).status).toBe(403);
  expect(await login(to, { ticket: issued.json.ticket })).toMatchObject({
    status: 401,
    json: { code: 'console.ticket' },
  });
});

test('the session has the scopes that were asked for, by default `admin`', async () => {
  const to = await openTestListener();
  for (const [body, scopes] of [
    [{}, ['admin']],
    [{ scope: 'ack' }, ['ack']],
    [{ scope: ['read', 'stream:ann'] }, ['read', 'stream:ann']],
  ])
    expect((await login(to, { ticket: await ticketOf(to, body) })).json.scopes).toEqual(scopes);
});

test.each([
  [{ scope: 'root' }, '/scope'],
  [{ scope: [] }, '/scope'],
  [{ scope: ['read', 7] }, '/scope/1'],
  [{ scope: 'read', user: 'ann' }, '/user'],
])('the ticket request %j is refused with the place of the mistake', async (body, pointer) => {
  const to = await openTestListener();
  expect(await post(to, '/v1/console/tickets', body)).toMatchObject({
    status: 400,
    json: { code: 'console.request', pointer },
  });
});

test('a login without a ticket, or with a field that is not known, is 400', async () => {
  const to = await openTestListener();
  for (const body of [{}, { ticket: 1 }, { ticket: '' }, { ticket: 'x', scope: 'admin' }, []])
    expect([body, (await login(to, body)).status]).toEqual([body, 400]);
});

test('the address leads to `daemon.public_url`, else to the host that was asked, else to the one that listens', async () => {
  const to = await openTestListener();
  const urlOf = async (asking = {}) => {
    const { json } = await post(to, '/v1/console/tickets', {}, asking);
    return (json.url as string).replace(json.ticket, 'T');
  };
  const { address } = to.listener;
  expect(await urlOf()).toBe(`http://${address}/#/login?ticket=T`);
  expect(await urlOf({ headers: { host: 'localhost:1' } })).toBe('http://localhost:1/#/login?ticket=T');
  expect(await urlOf({ socket: true, token: undefined })).toBe(`http://${address}/#/login?ticket=T`);
  to.daemon.reachedBy = 'https://example.com/belfry/';
  expect(await urlOf()).toBe('https://example.com/belfry/#/login?ticket=T');
  const open = await openTestListener({ listen: '0.0.0.0:0' });
  const { json } = await post(open, '/v1/console/tickets', {}, { socket: true, token: undefined });
  expect(json.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/#/);
});

test('wrong tickets are limited, and do not keep out a right one; pages of other origins cannot log in', async () => {
  const to = await openTestListener();
  const ticket = await ticketOf(to);
  const statuses = await Promise.all(Array.from({ length: 60 }, async () => (await login(to, { ticket: 'x' })).status));
  expect(new Set(statuses)).toEqual(new Set([401, 429]));
  expect((await login(to, { ticket }, { origin: 'https://evil.example' })).status).toBe(403);
  expect((await login(to, { ticket })).status).toBe(200);
});

test('without the console there are no pages, no tickets, no logins and no sessions', async () => {
  const to = await openTestListener();
  const { token } = (await login(to, { ticket: await ticketOf(to) })).json;
  const ticket = await ticketOf(to);
  to.daemon.isConsoleOn = false;
  expect(await post(to, '/v1/console/tickets', {})).toMatchObject({ status: 404, json: { code: 'console.off' } });
  expect(await login(to, { ticket })).toMatchObject({ status: 404, json: { code: 'console.off' } });
  for (const path of ['/', '/console/any.js'])
    expect(await ask(to, path)).toMatchObject({ status: 404, json: { code: 'console.off' } });
  expect((await ask(to, '/v1/status', { token })).status).toBe(401);
  expect((await ask(to, '/v1/status', { token: 'read-token' })).status).toBe(200);
});
