import { expect, test } from 'vitest';
import { SAMPLE_ALERT, SAMPLE_PLAN, SAMPLE_SILENCE } from '../../../support/alert-actions.ts';
import { ask, dial, openTestListener, post, untilClosed } from '../../../support/listener.ts';

test('scope `read` lists firing alerts, of all rules or of one, without secrets', async () => {
  const to = await openTestListener();
  to.scrubber.add('hunter2-hunter2');
  to.daemon.alertActions.firing = [SAMPLE_ALERT, { ...SAMPLE_ALERT, rule: 'login', key: 'hunter2-hunter2' }];
  const all = await ask(to, '/v1/alerts', { token: 'read-token' });
  expect([all.status, all.json]).toEqual([
    200,
    { alerts: [SAMPLE_ALERT, { ...SAMPLE_ALERT, rule: 'login', key: '***' }] },
  ]);
  expect((await ask(to, '/v1/alerts?rule=disk-full', { token: 'read-token' })).json.alerts).toHaveLength(1);
  expect((await ask(to, '/v1/alerts', { token: 'emit-token' })).status).toBe(403);
  expect((await ask(to, '/v1/alerts')).status).toBe(401);
});

test.each([
  'db1',
  'a/b/c',
  'api|disk.full|/srv/data',
  'two words',
  '100% of "it"?#&=;+',
  'Zwölf 磁盘 🔥',
  'back\\slash',
  'ack',
  'a%2Fb',
  '../../up',
  'x'.repeat(8000),
  '磁'.repeat(1000),
  'line\nbreak\u0000',
])('an alert is acknowledged by its key in the path: %s', async (key) => {
  const to = await openTestListener();
  to.daemon.alertActions.firing = [{ ...SAMPLE_ALERT, key }];
  const answer = await post(to, `/v1/alerts/${encodeURIComponent(key)}/ack`, '');
  expect([answer.status, answer.json]).toEqual([200, { acknowledged: [{ rule: 'disk-full', key }] }]);
});

test.each(['', '.', '..', 'lone \ud800', 'x'.repeat(100_000)])(
  'and in the body where no path can hold it: %j',
  async (key) => {
    const to = await openTestListener();
    to.daemon.alertActions.firing = [{ ...SAMPLE_ALERT, key }];
    expect((await post(to, '/v1/alerts/ack', { key })).json).toEqual({ acknowledged: [{ rule: 'disk-full', key }] });
  },
);

test('a change is by the name in the body and the name of the token; on the socket only the first is known', async () => {
  const to = await openTestListener();
  await post(to, '/v1/alerts/db1/ack', { by: 'ann', rule: 'disk-full', note: 'at work' });
  await post(to, '/v1/alerts/db1/unack', {});
  // A token counts on the socket too.
  await post(to, '/v1/alerts/db1/resolve', '', { socket: true });
  await ask(to, '/v1/alerts/db1/ack', { method: 'POST', socket: true, body: '{"by":"ann"}' });
  expect((await ask(to, '/v1/alerts/db1/ack', { method: 'POST', socket: true })).status).toBe(200);
  expect(to.daemon.alertActions.changes).toEqual([
    { verb: 'ack', key: 'db1', rule: 'disk-full', by: 'ann (token root)', note: 'at work' },
    { verb: 'unack', key: 'db1', by: 'root' },
    { verb: 'resolve', key: 'db1', by: 'root' },
    { verb: 'ack', key: 'db1', by: 'ann' },
    { verb: 'ack', key: 'db1' },
  ]);
});

test.each([
  ['ack', 'acknowledged', 'nothing fires for this key'],
  ['unack', 'unacknowledged', 'nothing is acknowledged for this key'],
  ['resolve', 'resolved', 'nothing fires for this key'],
])('`%s` answers with the alerts that it has %s, by the key in the path or in the body', async (verb, done, none) => {
  const to = await openTestListener();
  const alerts = [{ rule: 'disk-full', key: 'db1' }];
  expect((await post(to, `/v1/alerts/db1/${verb}`, '')).json).toEqual({ [done]: alerts });
  expect((await post(to, `/v1/alerts/${verb}`, { key: 'db1' })).json).toEqual({ [done]: alerts });
  expect((await post(to, `/v1/alerts/db2/${verb}`, '')).json.detail).toBe(`${none}; keys with such an alert: \`db1\``);
});

test('a key without a firing alert is 404 and suggests a similar one', async () => {
  const to = await openTestListener();
  const none = await post(to, '/v1/alerts/db2/ack', '');
  expect([none.status, none.headers['content-type']]).toEqual([404, 'application/problem+json']);
  expect(none.json).toMatchObject({
    code: 'alert.none',
    detail: 'nothing fires for this key; keys with such an alert: `db1`',
  });
  expect((await post(to, '/v1/alerts/db1/ack', { rule: 'x' })).json.detail).toMatch(/^this rule has nothing firing/);
  expect((await post(to, '/v1/alerts/db1/ack', '', { token: 'read-token' })).status).toBe(403);
});

test('an acknowledgement with an invalid body is refused', async () => {
  const to = await openTestListener();
  for (const body of [[], { who: 'ann' }, { by: 'x'.repeat(201) }, { rule: 1 }, { key: 'db1' }, 'nope'])
    expect((await post(to, '/v1/alerts/db1/ack', body)).status).toBe(400);
  expect((await post(to, '/v1/alerts/ack', {})).json).toMatchObject({ code: 'ack.body', pointer: '/key' });
  expect((await post(to, '/v1/alerts/%E0%A4%A/ack', '')).status).toBe(404);
  expect(to.daemon.alertActions.changes).toEqual([]);
});

test('silences are listed, and the answer to a new one says what it would silence', async () => {
  const to = await openTestListener();
  expect((await ask(to, '/v1/silences', { token: 'read-token' })).json).toEqual({
    silences: [{ ...SAMPLE_SILENCE, matched_30d: false }],
  });
  const posted = { match: { rule: 'disk-full' }, for: '2h', reason: 'release night' };
  const made = await post(to, '/v1/silences', posted);
  expect([made.status, made.json]).toEqual([201, { ...SAMPLE_SILENCE, would_silence: { alerts: 1, events: 2 } }]);
  await post(to, '/v1/silences', { ...posted, by: 'ann' });
  expect(to.daemon.alertActions.posted).toEqual([
    { ...posted, by: 'root' },
    { ...posted, by: 'ann (token root)' },
  ]);
  expect((await post(to, '/v1/silences', posted, { token: 'read-token' })).status).toBe(403);
});

test('a plan of a silence makes nothing, and a token of scope `read` may ask for it', async () => {
  const to = await openTestListener();
  const match = { rule: 'disk-full' };
  const planned = await post(to, '/v1/silences?plan=true', { match, force: true }, { token: 'read-token' });
  expect([planned.status, planned.json]).toEqual([200, SAMPLE_PLAN]);
  expect(to.daemon.alertActions).toMatchObject({ planned: [{ match }], forced: 1, posted: [] });
  const problems = [{ pointer: '/match/rule', message: 'there is no rule `x`', mend: 'rules: `disk-full`' }];
  to.daemon.alertActions.plan = { kind: 'invalid', problems };
  expect((await post(to, '/v1/silences?plan=true', {})).json).toMatchObject({
    status: 400,
    code: 'silence.invalid',
    problems,
  });
  expect((await post(to, '/v1/silences?plan=yes', {})).json).toMatchObject({ status: 400, parameter: 'plan' });
  expect((await post(to, '/v1/silences?plan=false', { match }, { token: 'read-token' })).status).toBe(403);
});

test('each problem of a silence has its pointer', async () => {
  const to = await openTestListener();
  const problems = [
    { pointer: '/reason', message: 'the silence has no reason', mend: 'give a `reason`' },
    { pointer: '/until', message: 'this is not a date and time', mend: 'write it as ...' },
  ];
  to.daemon.alertActions.made = { kind: 'invalid', problems };
  const { status, json } = await post(to, '/v1/silences', {});
  expect([status, json.code, json.pointer]).toEqual([400, 'silence.invalid', '/reason']);
  expect(json.detail).toBe('the silence has no reason: give a `reason`');
  expect(json.problems).toEqual(problems);
  to.daemon.alertActions.made = { kind: 'too_many', most: 1000 };
  expect((await post(to, '/v1/silences', {})).json).toMatchObject({ status: 409, code: 'silence.too_many' });
});

test('`force` of a silence is true or false, and no part of the silence', async () => {
  const to = await openTestListener();
  const posted = { match: { rule: 'nobody' }, for: '2h', reason: 'r' };
  expect((await post(to, '/v1/silences', { ...posted, force: 'yes' })).json).toMatchObject({
    code: 'silence.invalid',
    pointer: '/force',
  });
  await post(to, '/v1/silences', { ...posted, force: true });
  expect([to.daemon.alertActions.posted, to.daemon.alertActions.forced]).toEqual([[{ ...posted, by: 'root' }], 1]);
});

test('a silence is ended by its id; a silence of a file is not, and the answer names the file', async () => {
  const to = await openTestListener();
  const end = (id: string, token = 'admin-token') => ask(to, `/v1/silences/${id}`, { method: 'DELETE', token });
  expect((await end('s-1')).status).toBe(204);
  expect((await end('s-2')).json).toMatchObject({ status: 404, code: 'silence.none' });
  expect((await end('file%3Aabc')).json).toMatchObject({
    status: 409,
    code: 'silence.file',
    detail: expect.stringContaining('night.yaml'),
  });
  expect((await end('s-1', 'read-token')).status).toBe(403);
  expect(to.daemon.alertActions.expired).toEqual(['s-1', 's-2', 'file:abc']);
});

test('a key that makes the request line too long is refused, and the daemon goes on', async () => {
  const to = await openTestListener();
  const connection = dial(to);
  connection.write(
    `POST /v1/alerts/${'x'.repeat(20_000)}/ack HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n`,
  );
  expect(await untilClosed(connection)).toContain('431');
  expect((await post(to, '/v1/alerts/db1/ack', '')).status).toBe(200);
});
