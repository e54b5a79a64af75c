import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { ask, openTestListener, type OpenedListener } from '../../../support/listener.ts';
import { tokenOf } from '../../../support/recorded-daemon.ts';
import { TestBrowser } from '../../../support/push-service.ts';

const ENDPOINT = 'https://push.example.com/known';
const PAGE = 'https://belfry.example.com/v1/webpush';
const { keys } = new TestBrowser();
const subscription = { endpoint: ENDPOINT, expirationTime: null, keys, page: PAGE };

async function opened(): Promise<OpenedListener> {
  const to = await openTestListener();
  to.daemon.known = [tokenOf('alice', 'alice-token', 'stream:alice'), tokenOf('app', 'app-token', 'stream')];
  return to;
}

const post = (to: OpenedListener, body: unknown, token = 'alice-token', path = '/v1/webpush') =>
  ask(to, path, { method: 'POST', token, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } });

test('the public key is given to programs, and the page to browsers', async () => {
  const to = await opened();
  const asked = await ask(to, '/v1/webpush', {});
  expect([asked.status, asked.json]).toEqual([200, { public_key: 'BPublicKey' }]);
  const page = await ask(to, '/v1/webpush', { headers: { accept: 'text/html,application/xhtml+xml' } });
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self';/);
  const files = [...page.text.matchAll(/(?:href|src)="([^"]+)"/g)].map((match) => `/v1/${match[1]}`);
  expect(files.length).toBeGreaterThan(3);
  for (const file of files) expect((await ask(to, file, {})).status).toBe(200);
});

test('a browser subscribes for the user of its token or ticket', async () => {
  const to = await opened();
  expect((await post(to, subscription)).status).toBe(201);
  expect((await post(to, { ...subscription, user: 'bob' }, 'app-token')).json).toEqual({ user: 'bob' });
  const { ticket } = to.stream.ticket('carol');
  const ticketed = await ask(to, `/v1/webpush?ticket=${ticket}`, {
    method: 'POST',
    body: JSON.stringify(subscription),
    headers: { 'content-type': 'application/json' },
  });
  expect(ticketed.status).toBe(201);
  expect(to.daemon.calls).toEqual(['alice', 'bob', 'carol'].map((user) => `subscribe ${user} ${ENDPOINT} ${PAGE}`));
  expect((await post(to, { ...subscription, user: 'bob' })).json?.code).toBe('auth.user');
  expect((await post(to, subscription, 'app-token')).json?.code).toBe('stream.user');
});

test.each([
  ['/endpoint', { ...subscription, endpoint: 'http://push.example.com/x' }],
  ['/endpoint', { ...subscription, endpoint: 'https://user:secret@push.example.com/x' }],
  ['/endpoint', { keys }],
  ['/keys/p256dh', { ...subscription, keys: { ...keys, p256dh: 'short' } }],
  ['/keys/p256dh', { ...subscription, keys: { ...keys, p256dh: randomBytes(65).toString('base64url') } }],
  ['/keys/auth', { endpoint: ENDPOINT, keys: { p256dh: keys.p256dh } }],
  ['/page', { ...subscription, page: 'javascript:alert(1)' }],
])('a wrong subscription is refused with the place: %s', async (pointer, body) => {
  const to = await opened();
  const { status, json } = await post(to, body);
  expect([status, json?.code, json?.pointer]).toEqual([400, 'webpush.subscription', pointer]);
  expect(to.daemon.calls).toEqual([]);
});

test('a subscription is ended by its endpoint', async () => {
  const to = await opened();
  const end = (asked: unknown) => {
    const body = JSON.stringify(asked);
    const headers = { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(body)}` };
    return ask(to, '/v1/webpush', { method: 'DELETE', token: 'alice-token', body, headers });
  };
  expect((await end({ endpoint: ENDPOINT })).status).toBe(204);
  expect((await end({ endpoint: 'https://push.example.com/other' })).status).toBe(404);
  expect((await end({})).json?.pointer).toBe('/endpoint');
});
