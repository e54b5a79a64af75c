import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { WebSocket } from 'ws';
import { ask, exchange, openTestListener } from '../../support/listener.ts';
import { openPathProxy } from '../../support/path-proxy.ts';

const READER = { authorization: 'Bearer read-token' };
const OK = { status: 202, body: { ok: true } };

/** A daemon that is published below `/belfry`, with a webhook source. */
async function published(removes: boolean) {
  const to = await openTestListener();
  const proxy = await openPathProxy({ path: '/belfry', removes, to: () => to.listener.address });
  to.daemon.reachedBy = `${proxy.url}/`;
  const paths: string[] = [];
  const handle = async ({ path }: { path: string }) => {
    paths.push(path);
    return OK;
  };
  to.daemon.hooks.set('/hooks/ci', { path: '/hooks/ci', methods: ['POST'], handle });
  return { to, proxy, paths };
}

test.each([
  ['removes', true],
  ['leaves', false],
])('a proxy that %s the path of `public_url` reaches routes, hooks, buttons and WebSockets', async (_, removes) => {
  const { to, proxy, paths } = await published(removes);
  const get = async (path: string, init?: RequestInit) => (await fetch(proxy.url + path, init)).status;
  expect(await get('/v1/status', { headers: READER })).toBe(200);
  expect(await get('/v1/events?limit=1', { headers: READER })).toBe(200);
  expect(await get('/v1/events/e-1', { headers: { ...READER, origin: proxy.origin } })).toBe(200);
  expect(await get('/openapi.json')).toBe(200);
  expect(await get('/v1/none', { headers: READER })).toBe(404);
  expect(await get('/hooks/ci', { method: 'POST' })).toBe(202);
  const button = await fetch(`${proxy.url}/actions/none`);
  expect([button.status, button.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
  const socket = new WebSocket(`${proxy.url.replace('http', 'ws')}/v1/feed`, { headers: READER });
  onTestFinished(() => socket.terminate());
  // The recorded stream accepts with headers that a client refuses.
  socket.on('error', () => {});
  await once(socket, 'upgrade');
  expect(to.stream.came).toMatchObject([{ how: 'upgrade', kind: 'feed' }]);
  // The path that the source sees is its own in both cases, and a request without the proxy works as well.
  await ask(to, '/hooks/ci', { method: 'POST' });
  expect(paths).toEqual(['/hooks/ci', '/hooks/ci']);
});

test('the path without a slash at its end leads to the one with it', async () => {
  const { proxy } = await published(false);
  const { status, headers } = await fetch(proxy.url, { redirect: 'manual' });
  expect([status, headers.get('location')]).toEqual([308, '/belfry/']);
});

test('what needs no token on the loopback needs one through a proxy that leaves the path', async () => {
  const { to } = await published(false);
  for (const path of ['/metrics', '/readyz', '/healthz']) {
    expect([path, (await ask(to, path)).status]).toEqual([path, 200]);
    expect([path, (await ask(to, `/belfry${path}`)).status]).toEqual([path, 401]);
    expect([path, (await ask(to, `/belfry${path}`, { token: 'read-token' })).status]).toEqual([path, 200]);
  }
});

test('only the whole path is removed, and it changes with the rules', async () => {
  const to = await openTestListener();
  const statusOf = async (path: string) => (await ask(to, path, { token: 'read-token' })).status;
  to.daemon.reachedBy = 'https://example.com/a/b';
  expect(await statusOf('/a/b/v1/status')).toBe(200);
  for (const other of ['/a/bv1/status', '/a/v1/status', '/a/b/a/b/v1/status']) expect(await statusOf(other)).toBe(404);
  to.daemon.reachedBy = 'https://example.com';
  expect(await statusOf('/a/b/v1/status')).toBe(404);
  // A path that begins like one of the daemon's own is never removed: its routes would be lost without a proxy.
  to.daemon.reachedBy = 'https://example.com/v1';
  expect(await statusOf('/v1/status')).toBe(200);
});

test('no request leaves the path of `public_url` by `..`', async () => {
  const { to } = await published(false);
  for (const path of ['/belfry/../metrics', '/belfry/%2e%2E/metrics', '/belfry/..\\metrics', '/belfry/.%2e/v1/status'])
    expect([path, await exchange(to, `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`)]).toEqual([
      path,
      expect.stringMatching(/^HTTP\/1\.1 400 .*url\.invalid/s),
    ]);
  expect((await ask(to, '/openapi.json?v=../x')).status).toBe(200);
});
