import { createConnection } from 'node:net';
import { beforeAll, afterAll, describe, expect, test } from 'vitest';
import { redis } from '../../../daemon/channels/broker/redis/redis.ts';
import { openDialer } from '../../../daemon/channels/kit/net/dialer.ts';
import { compileEgress } from '../../../daemon/core/values/egress.ts';
import { authority, expired, key, valid } from '../../support/certificates.ts';
import { useChannel } from '../../support/broker-channel.ts';
import { openBrokerDestination } from '../../support/broker-destination.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { sampleDelivery } from '../../support/delivery.ts';
import { freePort, programPath, type ProgramServer, startProgram } from '../../support/program-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { commandsOf, converse, options, PASSWORD } from './redis.contract.ts';

const channel = useChannel(redis);
const fake = async (more: Partial<typeof options> = {}) =>
  channel.own(await openBrokerDestination({ ...options, ...more }));

describe('the connection', () => {
  test('is used for many messages, and opened again after it was cut', async () => {
    const server = await fake();
    const opened = channel.open(server.settings as object);
    await opened.send();
    await opened.send();
    expect(server.connections).toBe(1);
    server.cut();
    await expect.poll(() => opened.send().then(() => server.connections)).toBe(2);
  });

  test('that breaks before the answer leaves the outcome unknown', async () => {
    const server = await fake();
    server.answerWith({ kind: 'hang' });
    const failure = channel.open(server.settings as object).failure();
    await server.arrived!(1);
    server.cut();
    expect(await failure).toMatchObject({ class: 'unknown', code: 'net.reset' });
  });

  test('without answers is replaced after the deadline of an attempt', async () => {
    const server = await fake();
    server.answerWith({ kind: 'hang' });
    const opened = channel.open(server.settings as object);
    const deadline = new AbortController();
    const failure = opened.failure({}, { ending: deadline.signal });
    await server.arrived!(1);
    deadline.abort();
    expect(await failure).toMatchObject({ class: 'unknown', code: 'redis.no_answer' });
    server.answerWith({ kind: 'success' });
    await opened.send();
    expect(server.connections).toBe(2);
  });

  test('to a server that never answers the login ends after 10 s, and nothing was sent', async () => {
    const clock = new VirtualClock();
    const server = await fake({ converse: () => undefined });
    const opened = channel.open(server.settings as object, { clock });
    const failure = opened.failure();
    await expect.poll(() => clock.waiting).toBe(1);
    await expect.poll(() => server.connections).toBe(1);
    await clock.advance(10_000);
    expect(await failure).toMatchObject({ class: 'transient', code: 'net.connect_timeout' });
  });

  test('that is being opened does not hold up the end of the channel', async () => {
    const server = await fake({ converse: () => undefined });
    const opened = channel.open(server.settings as object);
    const failure = opened.failure();
    await expect.poll(() => server.connections).toBe(1);
    await opened.close();
    expect(await failure).toMatchObject({ class: 'transient' });
  });

  test('that is refused is transient, and says which endpoint refused', async () => {
    const port = await freePort();
    const failure = await channel.open({ url: `redis://127.0.0.1:${port}`, stream: 'alerts' }).failure();
    expect(failure).toMatchObject({ class: 'transient', code: 'net.refused' });
    expect(failure.detail.refusedAt).toEqual([{ address: '127.0.0.1', port }]);
  });

  test('to an address that `daemon.egress` denies is not made', async () => {
    const server = await fake();
    const egress = compileEgress({ denyPrivate: true, allow: [], deny: [] });
    const opened = channel.open(server.settings as object, { net: openDialer({ egress }) });
    expect(await opened.failure()).toMatchObject({ class: 'permanent', code: 'net.egress_denied' });
    expect(server.connections).toBe(0);
  });

  test('to something that is not Redis fails, and nothing was sent', async () => {
    const server = await fake({ converse: (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n') });
    const failure = await channel.open(server.settings as object).failure();
    expect(failure).toMatchObject({ class: 'permanent', code: 'redis.garbled', detail: { misconfigured: true } });
  });

  test('that the server ends during the login is tried again', async () => {
    const server = await fake({ converse: (socket) => socket.once('data', () => socket.end()) });
    expect(await channel.open(server.settings as object).failure()).toMatchObject({
      class: 'transient',
      code: 'net.reset',
    });
  });

  test('that the server refuses for a reason fails with the reason', async () => {
    const server = await fake({ converse: (socket) => socket.end('-DENIED Redis is running in protected mode\r\n') });
    expect(await channel.open(server.settings as object).failure()).toMatchObject({
      code: 'redis.DENIED',
      detail: { misconfigured: true },
    });
  });

  test('is closed with the channel', async () => {
    let ended = (): void => undefined;
    const end = new Promise<void>((resolve) => (ended = resolve));
    const server = await fake({
      converse(socket, script) {
        socket.on('close', ended);
        converse(socket, script);
      },
    });
    const opened = channel.open(server.settings as object);
    await opened.send();
    await opened.close();
    await end;
  });

  test.each([
    ['a certificate of an authority in `ca`', { cert: valid, ca: authority }, undefined],
    ['an expired certificate', { cert: expired, ca: authority }, 'tls.expired'],
    ['a certificate of an unknown authority', { cert: valid }, 'tls.untrusted'],
  ])('over TLS with %s', async (_, { cert, ...ca }: { cert: string; ca?: string }, code) => {
    const server = await fake({ tls: { key, cert } });
    const opened = channel.open({ url: `rediss://belfry:x@${server.address}`, stream: 'alerts', ...ca });
    if (code === undefined) expect(await opened.send()).toEqual({ id: '1700000000000-0' });
    else expect(await opened.failure()).toMatchObject({ class: 'permanent', code, detail: { misconfigured: true } });
  });
});

test('a message to a channel without subscribers fails for now', async () => {
  const server = await fake({ converse: (socket, script) => converse(socket, script, 0) });
  const opened = channel.open({ url: `redis://${server.address}`, channel: 'alerts' });
  expect(await opened.failure()).toMatchObject({ class: 'transient', code: 'redis.no_subscriber' });
});

/** A server that keeps the commands that it gets. */
async function recording(): Promise<{ url: string; commands: readonly (readonly string[])[] }> {
  const commands: string[][] = [];
  const server = await fake({
    converse(socket, script) {
      socket.on('data', (chunk: Buffer) => commands.push(...commandsOf(chunk.toString('latin1')).commands));
      converse(socket, script);
    },
  });
  return { url: `redis://${server.address}`, commands };
}

test('an entry of a stream has the id of its delivery and the hops beside the message', async () => {
  const { url, commands } = await recording();
  await channel.open({ url, stream: 'alerts', max_length: 1000 }).send();
  const fields = ['id', sampleDelivery().id, 'belfry-hops', '1', 'message', expect.stringContaining('"title"')];
  expect(commands).toEqual([['XADD', 'alerts', 'MAXLEN', '~', '1000', '*', ...fields]]);
});

test('a value of an event cannot add a level to a key', async () => {
  const { url, commands } = await recording();
  const opened = channel.open({ url, stream: 'alerts:{{ key }}' });
  await opened.send({}, { delivery: sampleDelivery({ key: 'a:b {c}\r\nDEL x' }) });
  expect(commands.map(([, key]) => key)).toEqual(['alerts:a_b__c___DEL_x']);
});

test.each([
  [{ stream: 'a', channel: 'b' }, ': `stream` and `channel` exclude each other'],
  [{}, ': there is neither `stream` nor `channel`'],
  [{ channel: 'a', max_length: 10 }, '/max_length: `max_length` has no meaning for a channel'],
  [{ stream: 'a', url: 'redis://host/db' }, '/url: `url` has a path that is no number of a database'],
  [{ stream: 'a', url: 'redis://host?db=2' }, '/url: `url` has parameters (`?`), which have no meaning here'],
  [{ stream: 'a', url: 'http://host' }, '/url: `url` does not begin with `redis://` or `rediss://`'],
  [{ stream: 'a', ca: 'x' }, '/ca: `ca` has no meaning for a connection without TLS'],
  [{ stream: '' }, '/stream: `stream` is empty'],
])('the settings %j have one problem', (settings, problem) => {
  expect(readSettings(redis, { url: 'redis://host', ...settings }).problems).toEqual([problem]);
});

const SERVER = programPath('redis-server');

describe.skipIf(SERVER === undefined)('a real server (needs redis-server)', () => {
  let server: ProgramServer;
  const url = () => `redis://:${PASSWORD}@127.0.0.1:${server.port}/3`;

  beforeAll(async () => {
    const port = await freePort();
    server = await startProgram({
      program: SERVER!,
      args: () => ['--port', `${port}`, '--bind', '127.0.0.1', '--requirepass', PASSWORD, '--save', ''],
      port,
    });
  });
  afterAll(() => server?.stop());

  /** Sends commands and resolves to everything that the server answers until `until` matches. */
  async function ask(until: RegExp, ...commands: readonly string[]): Promise<string> {
    const socket = createConnection(server.port, '127.0.0.1');
    socket.write(`${[`AUTH ${PASSWORD}`, 'SELECT 3', ...commands].join('\r\n')}\r\n`);
    let text = '';
    for await (const chunk of socket) {
      text += String(chunk);
      if (until.test(text)) break;
    }
    socket.destroy();
    return text;
  }

  test('stores an entry, whose id is the receipt', async () => {
    const { id } = await channel.open({ url: url(), stream: 'alerts', max_length: 1000 }).send({ body: 'Zürich 🔥' });
    expect(id).toMatch(/^\d+-0$/);
    const entry = await ask(/Zürich[\s\S]*\r\n$/, 'XRANGE alerts - +');
    expect(entry).toContain(`${id}\r\n`);
    expect(entry).toContain('019aaf2e-1c00-7000-8000-0123456789ab');
    expect(entry).toContain('"body":"Zürich 🔥"');
  });

  test('gives a message to its subscribers only', async () => {
    const opened = channel.open({ url: url(), channel: 'news' });
    expect(await opened.failure()).toMatchObject({ class: 'transient', code: 'redis.no_subscriber' });
    const heard = ask(/Deploy failed/, 'SUBSCRIBE news');
    await expect.poll(() => ask(/news\r\n:\d/, 'PUBSUB NUMSUB news')).toContain(':1');
    expect(await opened.send()).toEqual({ answer: 'subscribers: 1' });
    expect(await heard).toContain('"title":"Deploy failed: acme/api"');
  });

  test.each([
    ['redis://:wrong@HOST', 'redis.WRONGPASS'],
    ['redis://HOST', 'redis.NOAUTH'],
    [`redis://:${PASSWORD}@HOST/999`, 'redis.DB'],
  ])('refuses %s', async (address, code) => {
    const opened = channel.open({ url: address.replace('HOST', `127.0.0.1:${server.port}`), stream: 'alerts' });
    expect(await opened.failure()).toMatchObject({ class: 'permanent', code, detail: { misconfigured: true } });
  });

  test('with a user that may do nothing but publish gets messages', async () => {
    await ask(/OK\r\n.*OK\r\n.*OK/s, 'ACL SETUSER narrow on >secret-1 &news +publish');
    const opened = channel.open({ url: `redis://narrow:secret-1@127.0.0.1:${server.port}`, channel: 'news' });
    expect(await opened.send()).toEqual({ answer: 'subscribers: 0' });
    const other = channel.open({ url: `redis://narrow:secret-1@127.0.0.1:${server.port}`, channel: 'other' });
    expect(await other.failure()).toMatchObject({ code: 'redis.NOPERM', detail: { misconfigured: true } });
  });
});
