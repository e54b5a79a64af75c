import { expect, test } from 'vitest';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { AUDITED, AUDIT_ACTIONS } from '../../../daemon/core/audit/entry.ts';
import { routes } from '../../../daemon/http/routes/router.ts';
import { ask, openTestListener, post } from '../../support/listener.ts';

test('every route that is not a GET names its action in the audit log, or says why it has none', () => {
  const silent = routes.filter(({ method, audit }) => method !== 'GET' && audit === undefined);
  expect(silent.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
  for (const { audit } of routes) if (typeof audit === 'object') expect(audit.none).toMatch(/^[a-z].{5,}[a-z]$/);
});

test('docs/operations.md has every action with its target', () => {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
  const from = page.indexOf('| `action` | `target` |');
  const rows = page.slice(from, page.indexOf('\n\n', from)).split('\n').slice(2);
  expect(rows).toEqual(Object.entries(AUDITED).map(([action, target]) => `| \`${action}\` | ${target} |`));
});

test('every action of people has a route', () => {
  const named = new Set(routes.flatMap(({ audit }) => (typeof audit === 'string' ? [audit] : [])));
  const own = AUDIT_ACTIONS.filter((action) => !action.startsWith('audit.') && action !== 'token.refused');
  expect(own.filter((action) => !named.has(action))).toEqual([]);
});

const DONE: readonly (readonly [method: string, path: string, body: unknown, entry: object])[] = [
  [
    'POST',
    '/v1/channels/ops/hold',
    { by: 'ann', reason: 'works' },
    { actor: 'ann (token root)', action: 'channel.hold', target: 'ops', details: { reason: 'works' } },
  ],
  ['POST', '/v1/channels/ops/release', {}, { actor: 'root', action: 'channel.release', target: 'ops' }],
  ['POST', '/v1/channels/ops/test', {}, { action: 'channel.test', target: 'ops', details: { ok: true } }],
  ['POST', '/v1/channels/ops/seen', { seen: true }, { action: 'channel.seen', target: 'ops', details: { seen: true } }],
  ['POST', '/v1/reload', undefined, { action: 'rules.reload', target: '4', details: { ok: true, added: ['a'] } }],
  ['POST', '/v1/jobs/j-1/cancel', { by: 'ann' }, { actor: 'ann (token root)', action: 'job.cancel', target: 'j-1' }],
  ['DELETE', '/v1/dead/d-1', undefined, { action: 'dead.drop', target: 'd-1' }],
  ['POST', '/v1/deliveries/d-1/retry', undefined, { action: 'delivery.retry', target: 'd-1' }],
  ['POST', '/v1/console/tickets', { scope: ['read', 'ack'] }, { action: 'console.ticket', target: 'read ack' }],
  ['GET', '/v1/backup', undefined, { action: 'state.backup' }],
];

test.each(DONE)('%s %s is in the audit log with its caller, address and target', async (method, path, body, entry) => {
  const to = await openTestListener();
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  const text = body === undefined ? {} : { body: JSON.stringify(body) };
  const { status } = await ask(to, path, { method, token: 'admin-token', headers, ...text });
  expect(status).toBeLessThan(300);
  expect(to.daemon.audited).toMatchObject([
    { actor: 'root', via: 'token', address: '127.0.0.1', result: 'done', ...entry },
  ]);
});

test('the header belfry-user names the person of a silence, too', async () => {
  const to = await openTestListener();
  const headers = { 'content-type': 'application/json', 'belfry-user': 'ann' };
  const body = JSON.stringify({ match: { type: 'x' }, until: '2h', reason: 'works' });
  // The silence is kept with the name of the token.
  const { made } = to.daemon.alertActions;
  if (made.kind === 'made') Object.assign(made, { silence: { ...made.silence, by: 'root' } });
  await ask(to, '/v1/silences', { method: 'POST', token: 'admin-token', headers, body });
  expect(to.daemon.audited).toMatchObject([{ actor: 'ann (token root)', action: 'silence.add' }]);
});

test('a caller on the socket has no address, and the name that it gives itself', async () => {
  const to = await openTestListener();
  await post(to, '/v1/channels/ops/release', { by: 'ann' }, { token: undefined, socket: true });
  await post(to, '/v1/channels/ops/release', {}, { token: undefined, socket: true });
  expect(to.daemon.audited).toMatchObject([
    { actor: 'ann', via: 'socket' },
    { actor: 'socket', via: 'socket' },
  ]);
  expect(to.daemon.audited[0]).not.toHaveProperty('address');
});

test.each([
  ['ann', 'ann'],
  ['J%C3%BCrgen%0AX', 'Jürgen X'],
  ['%', 'socket'],
  ['%20', 'socket'],
])('the header belfry-user: %s names the person %s', async (header, actor) => {
  const to = await openTestListener();
  await ask(to, '/v1/reload', { method: 'POST', socket: true, headers: { 'belfry-user': header } });
  await ask(to, '/v1/reload', { method: 'POST', token: 'admin-token', headers: { 'belfry-user': 'ann' } });
  expect(to.daemon.audited.map((entry) => entry.actor)).toEqual([actor, 'ann (token root)']);
});

test('the line is written before the answer is sent', async () => {
  const to = await openTestListener();
  const order: string[] = [];
  let written = (): void => {};
  const gate = new Promise<void>((resolve) => (written = resolve));
  const { auditLog } = to.daemon;
  Object.assign(auditLog, {
    record: async () => {
      await gate;
      order.push('line');
    },
  });
  const answered = post(to, '/v1/channels/ops/release', {}).then(() => order.push('answer'));
  await ask(to, '/healthz');
  written();
  await answered;
  expect(order).toEqual(['line', 'answer']);
});

test('what a request got wrong is no action; what failed in the daemon is one that failed', async () => {
  const to = await openTestListener();
  await post(to, '/v1/channels/none/release', {});
  await post(to, '/v1/channels/ops/release', { bye: 'ann' });
  expect(to.daemon.audited).toEqual([]);
  to.daemon.release = () => Promise.reject(new Error('a bug'));
  expect((await post(to, '/v1/channels/ops/release', {})).status).toBe(500);
  expect(to.daemon.audited).toMatchObject([
    { action: 'channel.release', result: 'failed', details: { status: 500, code: 'internal' } },
  ]);
});

test('a login to the console is in the log with its session, and actions of the session have its name', async () => {
  const to = await openTestListener();
  const { json: issued } = await post(to, '/v1/console/tickets', { scope: 'admin' });
  const { json: session } = await post(to, '/v1/console/login', { ticket: issued.ticket }, { token: undefined });
  expect(session).not.toHaveProperty('id');
  await post(to, '/v1/channels/ops/release', {}, { token: session.token });
  const id = to.daemon.sessions.list()[0]!.id;
  expect(to.daemon.audited.slice(1)).toMatchObject([
    { actor: 'console of root', via: 'session', address: '127.0.0.1', action: 'console.login', target: id },
    { actor: 'console of root', via: 'session', action: 'channel.release' },
  ]);
  expect((await ask(to, `/v1/sessions/${id}`, { method: 'DELETE', token: 'admin-token' })).status).toBe(204);
  expect((await ask(to, `/v1/sessions/${id}`, { method: 'DELETE', token: 'admin-token' })).status).toBe(404);
  expect((await ask(to, '/v1/token', { token: session.token })).status).toBe(401);
});

test('a plan is no action', async () => {
  const to = await openTestListener();
  to.daemon.onResend = async function* () {
    yield { plan: { total: 1, channels: {}, counts: [], in_other_jobs: 0, until: '', problems: [], missing: [] } };
  };
  await post(to, '/v1/dead/resend', { all: true, dryRun: true });
  await post(to, '/v1/silences?plan=true', { match: { type: 'x' } });
  expect(to.daemon.audited).toEqual([]);
  await post(to, '/v1/dead/resend', { all: true });
  expect(to.daemon.audited).toMatchObject([{ action: 'dead.resend', details: { total: 1, request: { all: true } } }]);
});
