import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { BelfryError } from '../../../../daemon/core/problems/failure.ts';
import type { HookRequest, HookRoute } from '../../../../daemon/sources/source.ts';
import { ask, dial, exchange, openTestListener, post, untilClosed } from '../../../support/listener.ts';
import { SAMPLE_DELIVERY } from '../../../support/recorded-daemon.ts';

const EVENT = { type: 'backup.failed', data: { host: 'db1' } };
const CLOUD = { specversion: '1.0', id: 'c-1', source: '/backups', ...EVENT };

test('one event, an array, NDJSON and the three modes of CloudEvents are accepted', async () => {
  const to = await openTestListener();
  const taken = async (type: string, body: unknown, headers: Record<string, string> = {}) => {
    to.daemon.accepted.length = 0;
    const answer = await post(to, '/v1/events', body, { headers: { 'content-type': type, ...headers } });
    expect(answer.status).toBe(202);
    expect(answer.json.events).toHaveLength(to.daemon.accepted[0]!.events.length);
    return to.daemon.accepted[0]!.events;
  };
  expect(await taken('application/json', EVENT)).toEqual([EVENT]);
  expect(await taken('application/json; charset=utf-8', [EVENT, EVENT])).toHaveLength(2);
  expect(await taken('application/x-ndjson', `${JSON.stringify(EVENT)}\n${JSON.stringify(EVENT)}\n`)).toHaveLength(2);
  expect(await taken('application/cloudevents+json', CLOUD)).toMatchObject([{ id: 'c-1', source: '/backups' }]);
  expect(await taken('application/cloudevents-batch+json', [CLOUD])).toMatchObject([{ id: 'c-1' }]);
  const binary = { 'ce-specversion': '1.0', 'ce-id': 'b-1', 'ce-source': '/b', 'ce-type': 'backup.failed' };
  expect(await taken('application/json', { host: 'db1' }, binary)).toMatchObject([
    { id: 'b-1', source: '/b', type: 'backup.failed', data: { host: 'db1' } },
  ]);
});

test('the answer has the id of each event and whether it is a duplicate', async () => {
  const to = await openTestListener();
  to.daemon.accept = async () => [
    { id: 'e-1', duplicate: false },
    { id: 'e-2', duplicate: true },
  ];
  const { json } = await post(to, '/v1/events', [EVENT, EVENT]);
  expect(json).toEqual({
    events: [
      { id: 'e-1', duplicate: false },
      { id: 'e-2', duplicate: true },
    ],
  });
});

test('an Idempotency-Key is passed on with a hash of the body, and has 1 to 255 characters', async () => {
  const to = await openTestListener();
  const body = JSON.stringify(EVENT);
  await post(to, '/v1/events', body, { headers: { 'idempotency-key': 'run-17' } });
  await post(to, '/v1/events', body);
  const bodyHash = createHash('sha256').update(body).digest('hex');
  expect(to.daemon.accepted.map(({ options }) => options)).toEqual([{ idempotency: { key: 'run-17', bodyHash } }, {}]);
  const long = await post(to, '/v1/events', body, { headers: { 'idempotency-key': 'x'.repeat(256) } });
  expect([long.status, long.json.code]).toEqual([400, 'header.idempotency_key']);
});

test('Belfry-Hops raises the hops of every event, and is a whole number', async () => {
  const to = await openTestListener();
  const posting = [EVENT, { ...EVENT, belfryhops: 7 }];
  await post(to, '/v1/events', posting, { headers: { 'belfry-hops': '3' } });
  expect(to.daemon.accepted[0]!.events.map(({ belfryhops }) => belfryhops)).toEqual([3, 7]);
  const wrong = await post(to, '/v1/events', EVENT, { headers: { 'belfry-hops': 'many' } });
  expect([wrong.status, wrong.json.code]).toEqual([400, 'header.belfry_hops']);
});

test('the hash of an Idempotency-Key includes the headers that define the event', async () => {
  const to = await openTestListener();
  const binary = (type: string, more: Readonly<Record<string, string>> = {}) =>
    post(to, '/v1/events', '{"n":1}', {
      headers: {
        'idempotency-key': 'k',
        'ce-specversion': '1.0',
        'ce-id': '1',
        'ce-source': 's',
        'ce-type': type,
        ...more,
      },
    });
  const hashes = (): unknown[] =>
    to.daemon.accepted
      .splice(0)
      .map(({ options }) => (options as { idempotency: { bodyHash: string } }).idempotency.bodyHash);
  await binary('a');
  await binary('a', { 'user-agent': 'another', traceparent: 'x' });
  await binary('b');
  await binary('a', { 'ce-subject': 'x' });
  const [first, again, ...others] = hashes();
  expect(again).toBe(first);
  expect(new Set([first, ...others])).toHaveLength(3);
});

test('?wait answers with the deliveries, for five minutes at most', async () => {
  const to = await openTestListener();
  const answer = await post(to, '/v1/events?wait=10s', { ...EVENT, id: 'mine' });
  expect([answer.status, answer.json]).toEqual([
    200,
    { events: [{ id: 'mine', duplicate: false, outcomes: { backups: 'notified' } }], deliveries: [SAMPLE_DELIVERY] },
  ]);
  await post(to, '/v1/events?wait=1d', EVENT);
  expect(to.daemon.waits.map(({ ids, ms }) => [ids, ms])).toEqual([
    [['mine'], 10_000],
    [['e-1'], 300_000],
  ]);
  const wrong = await post(to, '/v1/events?wait=soon', EVENT);
  expect([wrong.status, wrong.json.code, to.daemon.accepted.length]).toEqual([400, 'query.wait', 2]);
});

test('a client that disconnects while it waits ends the wait', async () => {
  const to = await openTestListener();
  to.daemon.onWait = (signal) =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve([]), { once: true }));
  const connection = dial(to);
  const body = JSON.stringify(EVENT);
  connection.write(
    `POST /v1/events?wait=1m HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer emit-token\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await expect.poll(() => to.daemon.waits.length).toBe(1);
  connection.destroy();
  await expect.poll(() => to.daemon.waits[0]!.signal.aborted).toBe(true);
  expect(to.logged).toEqual([]);
});

test('each refusal of the intake has its status, and says when to try again', async () => {
  const to = await openTestListener();
  to.scrubber.add('hunter2-hunter2');
  const cases: readonly (readonly [string, number, string | undefined])[] = [
    ['intake.stopping', 503, '5'],
    ['store.full', 507, '30'],
    ['intake.queue_full', 507, '30'],
    ['intake.rate', 429, '1'],
    ['store.conflict', 409, undefined],
    ['intake.reserved_source', 400, undefined],
  ];
  for (const [code, status, retryAfter] of cases) {
    to.daemon.refusal = new BelfryError(code, 'said with hunter2-hunter2 in it');
    const answer = await post(to, '/v1/events', EVENT);
    expect([answer.status, answer.headers['retry-after'], answer.json.code, answer.json.detail]).toEqual([
      status,
      retryAfter,
      code,
      'said with *** in it',
    ]);
  }
  expect(to.logged.map((line) => (JSON.parse(line) as { limit: string }).limit)).toEqual(['queue', 'event_rate']);
});

test('a body that is not an event is refused with a pointer', async () => {
  const to = await openTestListener();
  const broken = await post(to, '/v1/events', '{"type":');
  expect([broken.status, broken.json.code]).toEqual([400, 'events.not_json']);
  const second = await post(to, '/v1/events', [EVENT, { data: 1 }]);
  expect([second.status, second.json.code, second.json.pointer]).toEqual([400, 'events.missing', '/1/type']);
  const picture = await post(to, '/v1/events', 'x', { headers: { 'content-type': 'image/png' } });
  expect([picture.status, picture.json.code]).toEqual([415, 'events.media_type']);
  const zipped = await post(to, '/v1/events', EVENT, { headers: { 'content-encoding': 'gzip' } });
  expect([zipped.status, zipped.json.code]).toEqual([415, 'body.encoding']);
  expect(to.daemon.accepted).toEqual([]);
});

test('a body whose announced length is over the limit is 413 before it arrives', async () => {
  const to = await openTestListener();
  to.daemon.bodyLimit = 1000;
  const connection = dial(to);
  connection.write(
    'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer emit-token\r\nContent-Length: 10000000000\r\n\r\n',
  );
  const answer = await new Promise((resolve) => connection.once('data', (data) => resolve(String(data))));
  expect(answer).toMatch(/^HTTP\/1\.1 413 .*body\.too_large/s);
});

test('a body whose received length is over the limit is 413, and the sender can read the answer', async () => {
  const to = await openTestListener();
  to.daemon.bodyLimit = 1000;
  const large = JSON.stringify({ type: 'x', data: 'x'.repeat(3_000_000) });
  for (const headers of [{ 'transfer-encoding': 'chunked' }, { 'content-length': String(large.length) }]) {
    const answer = await post(to, '/v1/events', large, { headers });
    expect([answer.status, answer.json.code]).toEqual([413, 'body.too_large']);
  }
  expect((await post(to, '/v1/events', EVENT)).status).toBe(202);
});

test('a client that goes on sending after a 413 is disconnected', async () => {
  const to = await openTestListener();
  to.daemon.bodyLimit = 1000;
  const connection = dial(to);
  connection.write(
    'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer emit-token\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const chunk = `10000\r\n${'x'.repeat(0x1_00_00)}\r\n`;
  const writeMore = (): void => {
    while (connection.writable && connection.write(chunk));
  };
  connection.on('drain', writeMore);
  writeMore();
  expect(await untilClosed(connection)).toMatch(/^HTTP\/1\.1 413 /);
});

test('an event and a delivery are shown by their id', async () => {
  const to = await openTestListener();
  expect((await ask(to, '/v1/events/e-1', { token: 'read-token' })).json).toMatchObject({
    id: 'e-1',
    type: 'backup.failed',
  });
  expect((await ask(to, '/v1/deliveries/d-1', { token: 'read-token' })).json).toEqual(SAMPLE_DELIVERY);
  expect((await ask(to, '/v1/events/none', { token: 'read-token' })).json.code).toBe('event.none');
  expect((await ask(to, '/v1/deliveries/none', { token: 'read-token' })).status).toBe(404);
});

test('a hook gets the unchanged request, under any Host and without a token, and its answer is sent unchanged', async () => {
  const to = await openTestListener();
  const came: HookRequest[] = [];
  to.daemon.hooks.set('/hooks/deploys', {
    path: '/hooks/deploys',
    methods: ['POST', 'PUT'],
    verifies: true,
    handle: async (request) => {
      came.push(request);
      return { status: 202, headers: { 'x-hook': 'yes' }, body: { id: 'e-1' } };
    },
  });
  const answer = await ask(to, '/hooks/deploys?a=1', {
    method: 'PUT',
    headers: { host: 'hooks.example.com', origin: 'https://ci.example', 'x-signature': 'abc' },
    body: Buffer.from([0xff, 0x00, 0x41]),
  });
  expect([answer.status, answer.headers['x-hook'], answer.json]).toEqual([202, 'yes', { id: 'e-1' }]);
  const [request] = came;
  expect(request).toMatchObject({ method: 'PUT', path: '/hooks/deploys', remote: '127.0.0.1' });
  expect([request?.query.get('a'), request?.headers['x-signature'], [...request!.body]]).toEqual([
    '1',
    'abc',
    [0xff, 0x00, 0x41],
  ]);
});

test('an unknown hook is 404, another method 405, a large body 413, and a refusal has its status', async () => {
  const to = await openTestListener();
  const route: HookRoute = {
    path: '/hooks/x',
    methods: ['POST'],
    maxBody: 10,
    handle: async () => {
      throw new BelfryError('store.full', 'the disk is full');
    },
  };
  to.daemon.hooks.set(route.path, route);
  expect((await ask(to, '/hooks/none', { method: 'POST' })).status).toBe(404);
  const wrong = await ask(to, '/hooks/x');
  expect([wrong.status, wrong.headers.allow]).toEqual([405, 'POST']);
  expect((await ask(to, '/hooks/x', { method: 'POST', body: 'x'.repeat(11) })).status).toBe(413);
  const full = await ask(to, '/hooks/x', { method: 'POST', body: 'x' });
  expect([full.status, full.json.code, full.headers['retry-after']]).toEqual([507, 'store.full', '30']);
});

test('the limit of a hook for bodies replaces that of the daemon', async () => {
  const to = await openTestListener();
  to.daemon.bodyLimit = 10;
  const route = { path: '/hooks/x', methods: ['POST'], handle: async () => ({ status: 202 }) };
  const statusOf = async (maxBody: number | undefined, length: number): Promise<number> => {
    to.daemon.hooks.set(route.path, { ...route, ...(maxBody !== undefined && { maxBody }) });
    return (await ask(to, '/hooks/x', { method: 'POST', body: 'x'.repeat(length) })).status;
  };
  expect([await statusOf(20, 20), await statusOf(20, 21), await statusOf(5, 6)]).toEqual([202, 413, 413]);
  expect([await statusOf(undefined, 10), await statusOf(undefined, 11)]).toEqual([202, 413]);
});

test('two requests on one connection are both answered, also when the first is refused', async () => {
  const to = await openTestListener();
  to.daemon.bodyLimit = 10;
  const first =
    'POST /v1/events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer emit-token\r\nContent-Length: 11\r\n\r\n';
  const second = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
  const text = await exchange(to, `${first}${'x'.repeat(11)}${second}`);
  expect(text.match(/HTTP\/1\.1 (\d+)/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200']);
});
