import { expect, test } from 'vitest';
import type { Route } from '../../../daemon/http/routes/route.ts';
import { routes } from '../../../daemon/http/routes/router.ts';
import { ask, openTestListener } from '../../support/listener.ts';
import { tokenOf } from '../../support/recorded-daemon.ts';

const SCOPES = ['emit', 'read', 'ack', 'admin', 'stream', 'stream:ann'] as const;
type Scope = (typeof SCOPES)[number];

/** Calls that change something although scope `read` may make them: they validate and explain only. */
const READING_POSTS = ['/v1/check', '/v1/explain', '/v1/backtest', '/v1/rules/test'];
/** Calls that change nothing, but give away the keys and the token, or who did what from where. */
const SECRET_GETS = ['/v1/backup', '/v1/tokens', '/v1/audit/log'];
const STREAM = ['/v1/stream', '/v1/stream/tickets', '/v1/stream/ack', '/v1/webpush'];

/** Calls of each scope, written down here a second time so that a wrong scope of a route is found. */
const ALLOWED: Readonly<Record<Scope, (call: string, route: Route) => boolean>> = {
  admin: () => true,
  emit: (call) => call === 'POST /v1/events',
  read: (_, { method, path }) =>
    (method === 'GET' && ![...STREAM, ...SECRET_GETS].includes(path)) ||
    (method === 'POST' && READING_POSTS.includes(path)),
  ack: (call) =>
    [
      'GET /v1/alerts',
      ...['ack', 'unack', 'resolve'].flatMap((verb) => [`POST /v1/alerts/${verb}`, `POST /v1/alerts/:key/${verb}`]),
      'GET /v1/silences',
      'POST /v1/silences',
      'DELETE /v1/silences/:id',
    ].includes(call),
  stream: (_, { path }) => STREAM.includes(path),
  'stream:ann': (_, { path }) => STREAM.includes(path),
};

const calls = routes
  .filter(({ scope }) => scope !== 'open' && scope !== 'local')
  .map((route) => [`${route.method} ${route.path}`, route] as const);

/** Calls that every token may make. */
const ANY = ['GET /v1/token'];

test.each(calls)('%s is allowed for the scopes that may make it, and for no other', async (call, route) => {
  const to = await openTestListener();
  to.daemon.known = SCOPES.map((scope) => tokenOf(scope, `${scope}-token`, scope));
  const allowed: Scope[] = [];
  for (const scope of SCOPES) {
    const path = route.path.replaceAll(/:\w+/g, 'x');
    const { status, json } = await ask(to, path, { method: route.method, token: `${scope}-token` });
    expect(status).not.toBe(401);
    if (status !== 403 || json?.code !== 'auth.scope') allowed.push(scope);
  }
  expect(allowed).toEqual(SCOPES.filter((scope) => ANY.includes(call) || ALLOWED[scope](call, route)));
  expect((await ask(to, route.path.replaceAll(/:\w+/g, 'x'), { method: route.method })).status).toBe(401);
});
