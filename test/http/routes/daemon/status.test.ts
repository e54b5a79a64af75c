import { expect, test } from 'vitest';
import { describeApi } from '../../../../daemon/http/openapi.ts';
import { routes } from '../../../../daemon/http/routes/router.ts';
import { ask, openTestListener, post } from '../../../support/listener.ts';

test('status, channels, audit and reload are answered without secrets', async () => {
  const to = await openTestListener();
  to.scrubber.add('hunter2-hunter2');
  to.daemon.current = { ...to.daemon.current, ready: false, reasons: ['hook said hunter2-hunter2'] };
  const status = await ask(to, '/v1/status', { token: 'read-token' });
  expect([status.status, status.headers['content-type'], status.json.generation]).toEqual([200, 'application/json', 3]);
  expect(status.json.reasons).toEqual(['hook said ***']);
  expect((await ask(to, '/v1/channels', { token: 'read-token' })).json).toEqual({
    channels: [{ name: 'ops', type: 'log', state: 'ok', pending: 0, held: 0, sending: 0 }],
  });
  expect((await ask(to, '/v1/audit', { token: 'read-token' })).json.violations).toEqual([]);
  expect((await post(to, '/v1/reload', {})).json).toMatchObject({ ok: true, generation: 4, added: ['a'] });
});

test('the rules of the daemon are checked; only an admin may name another path', async () => {
  const to = await openTestListener();
  expect((await post(to, '/v1/check', '', { token: 'read-token' })).json).toEqual({
    valid: true,
    files: 1,
    rules: 2,
    problems: [],
  });
  expect((await post(to, '/v1/check', { path: '/etc' }, { token: 'read-token' })).status).toBe(403);
  expect((await post(to, '/v1/check', { path: '/srv/rules' })).status).toBe(200);
  expect((await post(to, '/v1/check', { path: 1 })).json.code).toBe('check.path');
  expect((await post(to, '/v1/check', 'nope')).json.code).toBe('body.not_json');
  expect(to.daemon.calls).toEqual(['check', 'check /srv/rules']);
});

test('a channel is held, released and tested by its name', async () => {
  const to = await openTestListener();
  const since = '2026-11-23T09:00:00.000Z';
  expect((await post(to, '/v1/channels/ops/hold', '')).json).toEqual({ channel: 'ops', held: true, since, by: 'root' });
  expect((await post(to, '/v1/channels/ops/release', '')).json).toEqual({ channel: 'ops', held: false });
  const tested = { rule: 'disk', id: 'e-1' };
  expect((await post(to, '/v1/channels/ops/test', tested)).status).toBe(200);
  expect((await post(to, '/v1/channels/ops/test', { rule: 'disk', event: 'e-1' })).status).toBe(200);
  for (const wrong of [[], { rule: 'disk' }, { id: 'e-1' }, { rul: 'disk', id: 'e-1' }, { rule: '', id: 'e-1' }])
    expect((await post(to, '/v1/channels/ops/test', wrong)).json).toMatchObject({ code: 'test.request' });
  expect(to.daemon.tested).toEqual([tested, tested]);
  expect((await post(to, '/v1/channels/ops/test', '')).json).toMatchObject({
    ok: true,
    receipt: { answer: 'written' },
  });
  expect(to.daemon.calls).toEqual(['hold ops', 'release ops by root']);
  for (const verb of ['hold', 'release', 'test'])
    expect((await post(to, `/v1/channels/other/${verb}`, '')).json.code).toBe('channel.none');
  await post(to, '/v1/channels/a%2Fb%20c/hold', '');
  expect(to.daemon.calls.at(-1)).toBe('hold a/b c');
});

test('a hold has an end, a reason and the name of the person, with that of the token', async () => {
  const to = await openTestListener();
  const body = { for: '2h', reason: 'move of the server', by: 'ann' };
  expect((await post(to, '/v1/channels/ops/hold', body)).json).toEqual({
    channel: 'ops',
    held: true,
    since: '2026-11-23T09:00:00.000Z',
    until: '2026-11-23T11:00:00.000Z',
    reason: 'move of the server',
    by: 'ann (token root)',
  });
  await ask(to, '/v1/channels/ops/hold', { method: 'POST', socket: true, body: '{"by":"ann"}' });
  expect(to.daemon.holds).toEqual([{ ms: 7_200_000, reason: body.reason, by: 'ann (token root)' }, { by: 'ann' }]);
});

test('a hold with a wrong field is refused, and holds nothing', async () => {
  const to = await openTestListener();
  const wrong = [[], { for: 'soon' }, { for: '0s' }, { for: '9999d' }, { for: 2 }, { reason: '' }, { until: '2h' }];
  for (const body of wrong)
    expect((await post(to, '/v1/channels/ops/hold', body)).json).toMatchObject({ status: 400, code: 'hold.body' });
  expect(to.daemon.holds).toEqual([]);
});

test('an unknown channel suggests the one that was meant', async () => {
  const to = await openTestListener();
  for (const verb of ['hold', 'release', 'test'])
    expect((await post(to, `/v1/channels/opps/${verb}`, '')).json.detail).toBe(
      'there is no channel of this name; did you mean `ops`?',
    );
});

test('a ticket is for one user; a token for one user gets no ticket for another', async () => {
  const to = await openTestListener();
  const ticket = (token: string, body: unknown) => post(to, '/v1/stream/tickets', body, { token });
  expect((await ticket('stream-token', { user: 'bob' })).json).toEqual({ ticket: 'ticket-1', expires_in: 60 });
  expect((await ticket('ann-token', { user: 'ann' })).status).toBe(201);
  expect((await ticket('ann-token', {})).status).toBe(201);
  expect((await ticket('ann-token', { user: 'bob' })).status).toBe(403);
  expect((await ticket('stream-token', {})).json.code).toBe('stream.user');
  expect((await ticket('read-token', { user: 'bob' })).status).toBe(403);
});

test('pushes are acknowledged for the user of the token', async () => {
  const to = await openTestListener();
  const ack = (token: string, body: unknown) => post(to, '/v1/stream/ack', body, { token });
  expect((await ack('ann-token', { seq: 7 })).status).toBe(204);
  expect((await ack('stream-token', { seq: 8, user: 'bob' })).status).toBe(204);
  expect((await ack('ann-token', { seq: 9, user: 'bob' })).status).toBe(403);
  for (const seq of [-1, 1.5, '7', undefined]) expect((await ack('ann-token', { seq })).json.code).toBe('ack.seq');
  expect(to.stream.acks).toEqual(['ann 7', 'bob 8']);
});

test('the description of the API is OpenAPI 3.1 and has every route', async () => {
  const to = await openTestListener();
  const { status, json } = await ask(to, '/openapi.json');
  expect([status, json.openapi]).toEqual([200, '3.1.0']);
  const described = Object.entries(json.paths as Record<string, object>).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described).toEqual(
    expect.arrayContaining(routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)),
  );
  expect(described).toContain('POST /hooks/{path}');
  for (const operation of Object.values(
    json.paths as Record<string, Record<string, { responses: object; summary: string }>>,
  ).flatMap(Object.values)) {
    expect(operation.summary).not.toBe('');
    expect(Object.keys(operation.responses).length).toBeGreaterThan(0);
  }
  expect(json).toEqual(JSON.parse(JSON.stringify(describeApi(routes))));
});

test('the client for browsers is JavaScript', async () => {
  const to = await openTestListener();
  const { headers, text } = await ask(to, '/client.js');
  expect([headers['content-type'], text]).toEqual(['text/javascript; charset=utf-8', 'export const belfry = 1;\n']);
});
