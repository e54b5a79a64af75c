import { expect, test } from 'vitest';
import type { DeadLetter } from '../../../../daemon/core/delivery/delivery.ts';
import type { ResendLine } from '../../../../daemon/core/delivery/resend.ts';
import { sampleDelivery } from '../../../support/delivery.ts';
import { SAMPLE_JOB } from '../../../support/recorded-daemon.ts';
import { ask, dial, openTestListener, post, untilClosed } from '../../../support/listener.ts';

const PLAN: ResendLine = {
  job: 'j-1',
  plan: {
    total: 1,
    channels: { ops: 1 },
    counts: [{ channel: 'ops', class: 'permanent', count: 1 }],
    in_other_jobs: 0,
    until: '2026-11-23T09:00:00.001Z',
    problems: [],
    missing: [],
  },
};
const SUM: ResendLine = { delivered: 1, failed: 0, left: 0 };

function sampleDeadLetter(id: string): DeadLetter {
  const { event, message } = sampleDelivery();
  return {
    id,
    dead_at: '2026-11-23T09:00:00.000Z',
    class: 'permanent',
    error: { code: 'http.401', message: 'the provider refused' },
    channel: 'ops',
    channel_type: 'webhook',
    rule: 'backups',
    key: '',
    event,
    message,
    attempts: [],
  };
}

const linesOf = (text: string): unknown[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);

test('dead letters are one line each, and are dropped by id', async () => {
  const to = await openTestListener();
  to.daemon.letters = [sampleDeadLetter('d-1'), sampleDeadLetter('d-2')];
  const answer = await ask(to, '/v1/dead', { token: 'read-token' });
  expect(answer.headers['content-type']).toBe('application/x-ndjson');
  expect(linesOf(answer.text)).toEqual(to.daemon.letters);
  expect((await ask(to, '/v1/dead/d-1', { method: 'DELETE', token: 'read-token' })).status).toBe(403);
  expect((await ask(to, '/v1/dead/d-1', { method: 'DELETE', token: 'admin-token' })).status).toBe(204);
  expect((await ask(to, '/v1/dead/none', { method: 'DELETE', token: 'admin-token' })).json.code).toBe('dead.none');
});

test('no dead letters are an empty answer', async () => {
  const to = await openTestListener();
  const answer = await ask(to, '/v1/dead', { token: 'read-token' });
  expect([answer.status, answer.text]).toEqual([200, '']);
});

test('a resend sends its plan before the first delivery has ended', async () => {
  const to = await openTestListener();
  let goOn!: () => void;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  to.daemon.onResend = async function* () {
    yield PLAN;
    await held;
    yield SUM;
  };
  const connection = dial(to);
  connection.write(
    'POST /v1/dead/resend HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer admin-token\r\nContent-Length: 12\r\n\r\n{"all":true}',
  );
  const first = await new Promise<string>((resolve) => {
    let text = '';
    connection.on('data', (data) => {
      text += String(data);
      if (text.includes('plan')) resolve(text);
    });
  });
  expect(first).not.toContain('delivered');
  goOn();
  expect(await untilClosed(connection)).toContain('{"delivered":1,"failed":0,"left":0}');
  expect(to.daemon.resends[0]?.request).toEqual({ all: true });
});

test('a client that disconnects during a resend ends the answer', async () => {
  const to = await openTestListener();
  to.daemon.onResend = async function* (signal) {
    yield PLAN;
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    to.daemon.calls.push('ended');
  };
  const connection = dial(to);
  connection.write(
    'POST /v1/dead/resend HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin-token\r\nContent-Length: 12\r\n\r\n{"all":true}',
  );
  await new Promise((resolve) => connection.once('data', resolve));
  connection.destroy();
  await expect.poll(() => to.daemon.calls).toEqual(['ended']);
  expect(to.logged).toEqual([]);
});

test('unknown and invalid criteria of a resend are refused before anything is sent', async () => {
  const to = await openTestListener();
  for (const body of [{ chanel: 'ops' }, { ids: 'd-1' }, { all: 'yes' }, { since: 'yesterday' }, { __proto__x: 1 }, []])
    expect((await post(to, '/v1/dead/resend', body)).json.code).toBe('resend.criteria');
  expect(to.daemon.resends).toEqual([]);
  const good = { ids: ['d-1'], channel: 'ops', since: '2h', to: 'mail', requeue: false, dryRun: true };
  expect((await post(to, '/v1/dead/resend', good)).status).toBe(200);
  expect(to.daemon.resends[0]?.request).toEqual(good);
});

test('a failure before the first line is a problem; a later one cuts the answer off', async () => {
  const to = await openTestListener();
  // oxlint-disable-next-line require-yield -- it fails before its first line
  to.daemon.onResend = async function* () {
    throw new Error('the file is gone');
  };
  expect((await post(to, '/v1/dead/resend', { all: true })).status).toBe(500);
  to.daemon.onResend = async function* () {
    yield PLAN;
    throw new Error('the file is gone');
  };
  await expect(post(to, '/v1/dead/resend', { all: true })).rejects.toThrow(/aborted|hang up/);
  expect(to.logged).toHaveLength(2);
});

test('a resend names the person and the token that ask for it', async () => {
  const to = await openTestListener();
  to.daemon.onResend = async function* () {
    yield PLAN;
  };
  await post(to, '/v1/dead/resend', { all: true, by: 'ann' });
  await ask(to, '/v1/dead/resend', { method: 'POST', socket: true, body: '{"all":true,"by":"bob"}' });
  expect(to.daemon.resends.map(({ by, request }) => [by, request])).toEqual([
    ['ann (token root)', { all: true }],
    ['bob', { all: true }],
  ]);
});

test('jobs are listed, shown, paused, resumed and cancelled', async () => {
  const to = await openTestListener();
  expect((await ask(to, '/v1/jobs', { token: 'read-token' })).json).toEqual({ jobs: [SAMPLE_JOB] });
  expect((await ask(to, '/v1/jobs/j-1', { token: 'read-token' })).json).toEqual(SAMPLE_JOB);
  expect((await ask(to, '/v1/jobs/none', { token: 'read-token' })).json.code).toBe('job.none');
  for (const verb of ['pause', 'resume', 'cancel']) {
    expect((await post(to, `/v1/jobs/j-1/${verb}`, { by: 'ann' })).json).toEqual(SAMPLE_JOB);
    expect((await post(to, `/v1/jobs/none/${verb}`, '')).json.code).toBe('job.none');
    expect((await post(to, `/v1/jobs/j-1/${verb}`, { when: 'now' })).json).toMatchObject({
      status: 400,
      code: 'job.change',
      pointer: '/when',
    });
  }
  expect(to.daemon.calls.filter((call) => call.includes('j-1'))).toEqual(
    ['pause', 'resume', 'cancel'].map((verb) => `${verb} j-1 by ann (token root)`),
  );
});

test('one dead letter has an ETag, and is edited only if it has not changed since', async () => {
  const to = await openTestListener();
  to.daemon.letters = [sampleDeadLetter('d-1')];
  const patch = (path: string, body: object, headers: Record<string, string> = {}, token = 'admin-token') =>
    post(to, path, body, { method: 'PATCH', headers, token });
  const shown = await ask(to, '/v1/dead/d-1', { token: 'read-token' });
  expect([shown.status, shown.headers.etag, shown.json]).toEqual([200, '"1"', to.daemon.letters[0]]);
  expect((await patch('/v1/dead/d-1', { channel: 'mail' }, { 'if-match': '"0"' })).json).toMatchObject({
    status: 412,
    code: 'dead.changed',
    etag: '"1"',
    current: { id: 'd-1' },
  });
  const done = await patch('/v1/dead/d-1', { message: { title: 'x' } }, { 'if-match': '"1"' });
  expect([done.status, done.headers.etag]).toEqual([200, '"2"']);
  expect((await patch('/v1/dead/d-1', { channel: 'mail' }, { 'if-match': '*' })).status).toBe(200);
  expect(to.daemon.edits.map(({ options }) => options.ifMatch)).toEqual(['"0"', '"1"', undefined]);
  expect((await patch('/v1/dead/d-1', { rule: 'x' })).json).toMatchObject({ code: 'dead.edit', pointer: '/rule' });
  expect((await patch('/v1/dead/none', {})).json.code).toBe('dead.none');
  expect((await ask(to, '/v1/dead/none', { token: 'read-token' })).json.code).toBe('dead.none');
  expect((await patch('/v1/dead/d-1', {}, {}, 'read-token')).status).toBe(403);
});
