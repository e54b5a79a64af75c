import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { afterEach, describe, expect, test } from 'vitest';
import type { Dispatcher } from 'undici';
import { PendingRequest } from '../../../../daemon/channels/kit/http/connect/pending-request.ts';
import type { AttemptEnding } from '../../../../daemon/channels/kit/http/exchange/record.ts';
import { failureOf, isSuccess, retryAfterOf } from '../../../../daemon/channels/kit/http/failures.ts';
import {
  type HttpClient,
  type HttpClientOptions,
  type HttpRequest,
  openHttpClient,
} from '../../../../daemon/channels/kit/http/client.ts';
import { openDialer } from '../../../../daemon/channels/kit/net/dialer.ts';
import { networkFailure } from '../../../../daemon/channels/kit/net/network-failures.ts';
import type { ResolverOptions } from '../../../../daemon/channels/kit/net/resolver.ts';
import { readHops } from '../../../../daemon/core/event/hops.ts';
import { SendFailure } from '../../../../daemon/core/problems/failure.ts';
import { Secret } from '../../../../daemon/lib/secrets/secret.ts';
import { Closers } from '../../../../daemon/lib/async/closers.ts';
import { authority, expired, foreign, key, valid } from '../../../support/certificates.ts';
import { openNameServer } from '../../../support/name-server.ts';
import { openTestServer, type TestServer } from '../../../support/test-server.ts';

let closers = new Closers();
afterEach(async () => {
  await closers.close();
  closers = new Closers();
});

async function sinkOf(options: Parameters<typeof openTestServer>[0] = {}): Promise<TestServer> {
  const sink = await openTestServer(options);
  closers.own('sink', () => sink.close());
  return sink;
}

function clientOf(options: HttpClientOptions = {}): HttpClient {
  const client = openHttpClient(options);
  closers.own('client', () => client.close());
  return client;
}

/** A client with name servers of its own. */
function clientAsking(resolver: ResolverOptions): HttpClient {
  const net = openDialer({ resolver });
  closers.own('dialer', () => net.close());
  return clientOf({ net });
}

const never = (): AbortSignal => new AbortController().signal;

const post = (client: HttpClient, url: string, more: Partial<HttpRequest> = {}) =>
  client.request({ url, method: 'POST', body: '{}', ending: never(), ...more });

async function failureFrom(answer: Promise<unknown>): Promise<SendFailure> {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SendFailure);
  return error as SendFailure;
}

/** A port without a listener. */
async function deadPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function fileWith(text: string): Promise<string> {
  const directory = await mkdtemp(path.join(tmpdir(), 'belfry-http-'));
  closers.own('directory', () => rm(directory, { recursive: true }));
  const file = path.join(directory, 'file');
  await writeFile(file, text);
  return file;
}

describe('a request', () => {
  test('carries method, path, headers and body as they were given, and asks for an answer that is not compressed', async () => {
    const sink = await sinkOf();
    sink.answer({ status: 202, headers: { 'X-Proof': 'abc' }, body: { ok: true } });
    const answer = await post(clientOf(), `${sink.origin}/hook?a=1%202`, { body: '磁盘', headers: { 'x-one': '1' } });
    expect(answer).toMatchObject({ status: 202, text: '{"ok":true}' });
    expect(answer.headers['x-proof']).toBe('abc');
    expect(sink.requests).toMatchObject([{ method: 'POST', path: '/hook?a=1%202', text: '磁盘' }]);
    expect(sink.requests[0]!.headers).toMatchObject({ 'x-one': '1', 'accept-encoding': 'identity' });
  });

  test.each(['belfry-hops', 'Belfry-Hops'])('carries its hops, which a header `%s` cannot lower', async (name) => {
    const sink = await sinkOf();
    const ending: AttemptEnding = Object.assign(never(), { hops: 3 });
    await post(clientOf(), sink.origin, { ending, headers: { [name]: '0' } });
    expect(readHops(sink.requests[0]!.headers['belfry-hops'])).toBe(3);
  });

  test('goes over the same connection as the one before', async () => {
    const sink = await sinkOf();
    sink.answer({ status: 200, body: { ok: true } });
    const client = clientOf();
    for (let round = 0; round < 20; round += 1) await post(client, sink.origin);
    // The pool may open a second one before it learns that the first is free again.
    expect(sink.connections).toBeLessThanOrEqual(2);
  });

  test('waits for no other one, however many attempts a channel makes at the same time', async () => {
    const sink = await sinkOf();
    sink.answer({ hang: true });
    const client = clientOf();
    const asking = Array.from({ length: 100 }, () => failureFrom(post(client, sink.origin)));
    await sink.arrived(100);
    await client.close();
    await Promise.all(asking);
  });

  test('uses a user and password of the URL as basic credentials', async () => {
    const sink = await sinkOf();
    await post(clientOf(), `http://user:p%40ss@127.0.0.1:${sink.port}/`);
    expect(sink.requests[0]!.headers.authorization).toBe(`Basic ${Buffer.from('user:p@ss').toString('base64')}`);
  });

  test('does not follow a redirect', async () => {
    const [first, second] = [await sinkOf(), await sinkOf()];
    first.answer({ status: 307, headers: { location: second.origin } });
    const answer = await post(clientOf(), first.origin);
    expect(answer.status).toBe(307);
    expect(second.requests).toEqual([]);
  });

  test('to a URL that is not http is refused as a wrong setting, without repeating it', async () => {
    for (const url of ['file:///etc/passwd', 'example.com/hook', '', 'http://']) {
      const failure = await failureFrom(post(clientOf(), url));
      expect(failure).toMatchObject({ class: 'permanent', code: 'http.bad_url', detail: { misconfigured: true } });
      expect(failure.message).not.toContain('etc');
    }
  });
});

describe('an answer', () => {
  test('without end is read up to 64 KiB', async () => {
    const sink = await sinkOf();
    sink.answer({ flood: true, status: 200 });
    const answer = await post(clientOf(), sink.origin);
    expect(answer.status).toBe(200);
    expect(answer.text.length).toBe(64 * 1024);
  });

  test('that never ends counts by its status when the deadline comes', async () => {
    const answered = new Promise((resolve, reject) => {
      const pending = new PendingRequest({ maxBytes: 1000, resolve, reject });
      const controller = { abort: () => undefined } as unknown as Dispatcher.DispatchController;
      pending.onRequestStart(controller);
      pending.onResponseStart(controller, 103, {});
      pending.onResponseStart(controller, 503, { 'Retry-After': '7' });
      pending.onResponseData(controller, Buffer.from('half'));
      pending.abort();
    });
    expect(await answered).toEqual({ status: 503, headers: { 'retry-after': '7' }, text: 'half' });
  });

  test('that is not HTTP leaves the outcome unknown', async () => {
    const sink = await sinkOf();
    sink.answer({ raw: 'SSH-2.0-OpenSSH_9.2\r\n' });
    expect(await failureFrom(post(clientOf(), sink.origin))).toMatchObject({ class: 'unknown' });
  });
});

describe('a failed connection', () => {
  test('refused: transient', async () => {
    const failure = await failureFrom(post(clientOf(), `http://127.0.0.1:${await deadPort()}/secret-path`));
    expect(failure).toMatchObject({ class: 'transient', code: 'net.refused' });
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain('secret-path');
  });

  test('cut after the request went out: unknown', async () => {
    const sink = await sinkOf();
    sink.answer({ reset: true });
    const failure = await failureFrom(post(clientOf(), sink.origin));
    expect(failure).toMatchObject({ class: 'unknown', code: 'net.reset' });
  });

  test('no answer before the attempt ends: unknown, and at once', async () => {
    const sink = await sinkOf();
    sink.answer({ hang: true });
    const deadline = new AbortController();
    const asking = failureFrom(post(clientOf(), sink.origin, { ending: deadline.signal }));
    await sink.arrived(1);
    deadline.abort();
    expect(await asking).toMatchObject({ class: 'unknown', code: 'http.no_answer' });
  });

  test('the attempt ends while the name is looked up: transient, and at once, since nothing was sent', async () => {
    const silent = await openNameServer('silent');
    closers.own('name server', () => silent.close());
    const client = clientAsking({ servers: [silent.address], timeout: 60_000, hostsFile: '/dev/null' });
    const deadline = new AbortController();
    const asking = failureFrom(post(client, 'http://slow.example.test/', { ending: deadline.signal }));
    await silent.question;
    deadline.abort();
    expect(await asking).toMatchObject({ class: 'transient', code: 'net.timeout' });
  });

  test('already ended: transient, and nothing is sent', async () => {
    const sink = await sinkOf();
    const failure = await failureFrom(post(clientOf(), sink.origin, { ending: AbortSignal.abort() }));
    expect(failure).toMatchObject({ class: 'transient', code: 'net.aborted' });
    expect(sink.requests).toEqual([]);
  });

  test('a connection is used again after another request was aborted', async () => {
    const sink = await sinkOf();
    sink.answer({ hang: true }, { status: 200 });
    const client = clientOf({ connections: 1 });
    const deadline = new AbortController();
    const asking = failureFrom(post(client, sink.origin, { ending: deadline.signal }));
    await sink.arrived(1);
    deadline.abort();
    await asking;
    expect(await post(client, sink.origin)).toMatchObject({ status: 200 });
  });
});

describe('TLS', () => {
  const tlsCases = [
    ['an expired certificate', expired, 'tls.expired'],
    ['a certificate for another name', foreign, 'tls.wrong_name'],
  ] as const;

  test.each(tlsCases)('%s is a wrong setting that a person must mend', async (_, cert, code) => {
    const sink = await sinkOf({ tls: { key, cert } });
    const failure = await failureFrom(post(clientOf({ ca: new Secret(authority) }), sink.origin));
    expect(failure).toMatchObject({ class: 'permanent', code, detail: { misconfigured: true } });
    expect(sink.requests).toEqual([]);
  });

  test('an untrusted authority is, too', async () => {
    const sink = await sinkOf({ tls: { key, cert: valid } });
    const failure = await failureFrom(post(clientOf(), sink.origin));
    expect(failure).toMatchObject({ class: 'permanent', code: 'tls.untrusted', detail: { misconfigured: true } });
  });

  test('plain HTTP in place of TLS is, too', async () => {
    const sink = await sinkOf();
    const failure = await failureFrom(post(clientOf(), `https://127.0.0.1:${sink.port}/`));
    expect(failure).toMatchObject({ class: 'permanent', code: 'tls.protocol' });
  });

  test('a good certificate is accepted', async () => {
    const sink = await sinkOf({ tls: { key, cert: valid } });
    expect(await post(clientOf({ ca: new Secret(authority) }), sink.origin)).toMatchObject({ status: 200 });
  });
});

describe('names', () => {
  test('localhost and the hosts file come before any server', async () => {
    const sink = await sinkOf();
    const silent = await openNameServer('silent');
    closers.own('name server', () => silent.close());
    const hostsFile = await fileWith('# comment\n127.0.0.1\tHooks.internal hooks # that one\n');
    const client = clientAsking({ servers: [silent.address], hostsFile });
    for (const host of ['localhost', 'hooks.internal', 'HOOKS', 'anything.localhost']) {
      expect(await post(client, `http://${host}:${sink.port}/`)).toMatchObject({ status: 200 });
    }
    expect(silent.asked).toEqual([]);
  });

  test('a name is looked up at the servers, and in the search domains when it has no dots', async () => {
    const sink = await sinkOf();
    const server = await openNameServer({ 'hooks.example.test': '127.0.0.1', 'api.cluster.test': '127.0.0.1' });
    closers.own('name server', () => server.close());
    const resolvConf = await fileWith('nameserver 192.0.2.1\nsearch cluster.test other.test\n');
    const client = clientAsking({ servers: [server.address], hostsFile: '/dev/null', resolvConf });
    expect(await post(client, `http://hooks.example.test:${sink.port}/`)).toMatchObject({ status: 200 });
    expect(await post(client, `http://api:${sink.port}/`)).toMatchObject({ status: 200 });
    expect(new Set(server.asked)).toEqual(new Set(['hooks.example.test', 'api.cluster.test']));
  });

  test('a name that does not exist is transient, with a message', async () => {
    const server = await openNameServer({});
    closers.own('name server', () => server.close());
    const client = clientAsking({ servers: [server.address], hostsFile: '/dev/null', resolvConf: '/dev/null' });
    const failure = await failureFrom(post(client, 'http://typo.example.test/'));
    expect(failure).toMatchObject({ class: 'transient', code: 'net.dns', message: 'the host name was not found' });
  });

  test('a name server that does not run is named as the cause, and not the server of the name', async () => {
    const closed = await openNameServer('silent');
    closed.close();
    const client = clientAsking({ servers: [closed.address], hostsFile: '/dev/null', resolvConf: '/dev/null' });
    const failure = await failureFrom(post(client, 'http://hooks.example.test/'));
    expect(failure).toMatchObject({
      class: 'transient',
      code: 'net.dns',
      message: 'the name servers gave no answer for the host name',
    });
  });

  test('a silent name server delays its own channel only', async () => {
    const sink = await sinkOf();
    const silent = await openNameServer('silent');
    const good = await openNameServer({ 'good.example.test': '127.0.0.1' });
    closers.own('name servers', () => [silent, good].forEach((server) => server.close()));
    const stuck = clientAsking({ servers: [silent.address], timeout: 60_000, hostsFile: '/dev/null' });
    const well = clientAsking({ servers: [good.address], hostsFile: '/dev/null' });
    const ends = Array.from({ length: 16 }, () => new AbortController());
    let stillStuck = ends.length;
    const waiting = ends.map((end, index) =>
      failureFrom(post(stuck, `http://host-${index}.example.test/`, { ending: end.signal })).finally(
        () => (stillStuck -= 1),
      ),
    );
    await silent.question;
    expect(await post(well, `http://good.example.test:${sink.port}/`)).toMatchObject({ status: 200 });
    expect(stillStuck).toBe(ends.length);
    for (const end of ends) end.abort();
    await Promise.all(waiting);
  });
});

describe('a status', () => {
  const now = Date.parse('2026-11-23T09:00:00Z');
  const answer = (status: number, headers: Record<string, string> = {}, text = '') => ({ status, headers, text });

  test.each([
    [400, 'permanent', false],
    [401, 'permanent', true],
    [403, 'permanent', true],
    [404, 'permanent', false],
    [407, 'permanent', true],
    [408, 'transient', false],
    [409, 'permanent', false],
    [410, 'permanent', false],
    [413, 'permanent', false],
    [422, 'permanent', false],
    [425, 'transient', false],
    [429, 'transient', false],
    [500, 'transient', false],
    [502, 'transient', false],
    [503, 'transient', false],
    [504, 'transient', false],
    [599, 'transient', false],
  ] as const)('%i is %s', (status, failureClass, misconfigured) => {
    const failure = failureOf(answer(status, {}, 'why'), now);
    expect(failure).toMatchObject({ class: failureClass, code: `http.${status}`, detail: { status, body: 'why' } });
    expect(failure.detail.misconfigured ?? false).toBe(misconfigured);
    expect(failure.detail.rateLimited ?? false).toBe(status === 429);
  });

  test('a redirect is a wrong setting', () => {
    expect(failureOf(answer(302), now)).toMatchObject({
      class: 'permanent',
      code: 'http.redirect',
      detail: { misconfigured: true },
    });
  });

  test('Retry-After is seconds or a date, at most 24 hours, and kept only if a retry makes sense', () => {
    expect(failureOf(answer(503, { 'retry-after': '120' }), now).detail.retryAfter).toBe(120_000);
    expect(failureOf(answer(401, { 'retry-after': '120' }), now).detail.retryAfter).toBeUndefined();
    expect(retryAfterOf('Mon, 23 Nov 2026 09:00:30 GMT', now)).toBe(30_000);
    expect(retryAfterOf('Mon, 23 Nov 2026 08:00:00 GMT', now)).toBe(0);
    expect(retryAfterOf('99999999999', now)).toBe(86_400_000);
    expect(retryAfterOf('-5', now)).toBeUndefined();
    expect(retryAfterOf('Monday, 23-Nov-26 09:00:30 GMT', now)).toBe(30_000);
    expect(retryAfterOf('Mon Nov 23 09:00:30 2026', now)).toBe(30_000);
    for (const broken of ['soon', 'in 5 minutes', '5m', '1e3', 'Mon, 23 Nov 2026', '09:00:30'])
      expect(retryAfterOf(broken, now)).toBeUndefined();
    expect(retryAfterOf('', now)).toBeUndefined();
    expect(retryAfterOf(undefined, now)).toBeUndefined();
  });

  test('at most 4 KiB of the answer are kept, with a mark', () => {
    const { body = '' } = failureOf(answer(500, {}, '磁'.repeat(10_000)), now).detail;
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(4096);
    expect(body).toMatch(/^磁+… \(\+\d+ bytes\)$/);
  });

  test('success is any 2xx, or the configured statuses', () => {
    expect([200, 204, 299].every((status) => isSuccess(status))).toBe(true);
    expect([199, 300, 404].some((status) => isSuccess(status))).toBe(false);
    expect(
      isSuccess(409, [
        [200, 200],
        [409, 409],
      ]),
    ).toBe(true);
  });

  test('an unknown error is transient before the request was sent, and unknown after it', () => {
    const strange = Object.assign(new Error('https://user:secret@host/'), { code: 'EWHAT' });
    expect(networkFailure(strange, false)).toMatchObject({ class: 'transient', code: 'net.failed' });
    expect(networkFailure(strange, true)).toMatchObject({ class: 'unknown', code: 'net.failed' });
    expect(inspect(networkFailure(strange, true), { depth: 9 })).not.toContain('secret');
    expect(networkFailure('no error at all', false).class).toBe('transient');
  });

  test('a refused connection has its addresses, so that they can be probed', () => {
    const at = (address: string) => Object.assign(new Error('no'), { code: 'ECONNREFUSED', address, port: 80 });
    const both = new AggregateError([at('127.0.0.1'), at('::1')]);
    const refusedAt = [
      { address: '127.0.0.1', port: 80 },
      { address: '::1', port: 80 },
    ];
    expect(networkFailure(both, false)).toMatchObject({ code: 'net.refused', detail: { refusedAt } });
    expect(networkFailure(new Error('failed', { cause: both }), false).detail).toEqual({ refusedAt });
    expect(networkFailure(both, true).detail).toEqual({});
  });
});
