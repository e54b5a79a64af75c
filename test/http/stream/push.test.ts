import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect as dial, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connect } from 'belfry/client';
import type { Receipt } from '../../../daemon/core/delivery/delivery.ts';
import type { FeedItem } from '../../../daemon/http/daemon-api.ts';
import type { RefusedLimit } from '../../../daemon/http/request/refusals.ts';
import type { Caller } from '../../../daemon/http/stream/stream-server.ts';
import { type PushServer, openPushServer } from '../../../daemon/http/stream/push-server.ts';
import { type Clock, systemClock } from '../../../daemon/lib/time/clock.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { memoryLog, sampleDelivery, sampleMessage } from '../../support/delivery.ts';

let store: Store;
let pushServer: PushServer;
let server: Server;
let acknowledged: { deliveries: readonly string[]; receipt: Receipt }[];
let caller: Caller;
let feed: (item: FeedItem) => void;
let opened: WebSocket[] = [];
let refused: RefusedLimit[] = [];
const connections = new Set<Socket>();

async function openAll(clock: Clock = systemClock): Promise<void> {
  store = await openStore({ path: ':memory:' });
  acknowledged = [];
  refused = [];
  caller = { name: 'test', scopes: ['stream'] };
  pushServer = openPushServer({
    store,
    clock,
    log: memoryLog().log,
    refusals: { count: (limit) => void refused.push(limit) },
    onAcknowledged: async (deliveries, receipt) => void acknowledged.push({ deliveries, receipt }),
    feed: (listener) => {
      feed = listener;
      return () => {};
    },
  });
  server = createServer((request, response) =>
    pushServer.events(request.url!.startsWith('/feed') ? 'feed' : 'stream', request, response, caller),
  );
  server.on('upgrade', (request, socket, head) =>
    pushServer.upgrade(request.url!.startsWith('/feed') ? 'feed' : 'stream', request, socket, head, caller),
  );
  server.on('connection', (socket) => connections.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
}

/** Waits that a test ends itself. */
let fired: (() => void)[] = [];

async function reopen(kept: (ms: number) => boolean): Promise<void> {
  await pushServer.close();
  server.close();
  await store.close();
  fired = [];
  await openAll({
    ...systemClock,
    after: (ms, fire) => (kept(ms) ? (fired.push(fire), () => {}) : systemClock.after(ms, fire)),
  });
}

beforeEach(() => openAll());

afterEach(async () => {
  for (const socket of opened) socket.terminate();
  opened = [];
  connections.clear();
  await pushServer.close();
  server.closeAllConnections();
  server.close();
  await store.close();
});

interface Frame {
  readonly type: string;
  readonly seq: number;
  readonly title: string;
  readonly epoch: string;
  readonly reason?: string;
}

class Client {
  readonly frames: Frame[] = [];
  readonly socket: WebSocket;
  readonly #waiters = new Set<{ readonly done: () => boolean; readonly resolve: () => void }>();

  constructor(query: string) {
    this.socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/stream${query}`, [
      'belfry.v1',
    ]);
    opened.push(this.socket);
    this.socket.on('message', (data) => {
      this.frames.push(JSON.parse((data as Buffer).toString()) as Frame);
      for (const waiter of [...this.#waiters].filter(({ done }) => done())) {
        this.#waiters.delete(waiter);
        waiter.resolve();
      }
    });
  }

  async until(done: (frames: readonly Frame[]) => boolean): Promise<void> {
    if (!done(this.frames))
      await new Promise<void>((resolve) => this.#waiters.add({ done: () => done(this.frames), resolve }));
  }

  async messages(count: number): Promise<readonly Frame[]> {
    const found = (): Frame[] => this.frames.filter(({ type }) => type === 'message');
    await this.until(() => found().length >= count);
    return found();
  }

  send(frame: object): void {
    this.socket.send(JSON.stringify(frame));
  }
}

let made = 0;
async function push(
  title: string,
  to: readonly string[] = ['alice'],
  more: { require?: 'any' | 'all'; body?: string } = {},
): Promise<string> {
  const id = `01990000-0000-7000-8000-${String((made += 1)).padStart(12, '0')}`;
  const message = sampleMessage({ title, body: more.body ?? '' });
  await pushServer.push({
    delivery: sampleDelivery({ id, message }),
    message,
    to,
    require: more.require ?? 'any',
    keepUntil: Date.now() + 3_600_000,
  });
  return id;
}

const titles = (frames: readonly Frame[]): string[] => frames.map(({ title }) => title);

test('an absent user gets missed pushes in order and once, then new ones without a gap', async () => {
  for (const title of ['1', '2', '3']) await push(title);
  const client = new Client('?user=alice');
  await client.until((frames) => frames.some(({ type }) => type === 'hello'));
  expect(client.frames[0]).toMatchObject({
    type: 'hello',
    user: 'alice',
    heartbeat_ms: 2000,
    reconnect_after_ms: 5000,
  });
  await Promise.all([push('4'), push('5')]);
  expect(titles(await client.messages(5))).toEqual(['1', '2', '3', '4', '5']);
});

test('a resume continues after the last received push, without a gap or a duplicate', async () => {
  for (const title of ['1', '2', '3']) await push(title);
  const first = new Client('?user=alice');
  const [, second] = await first.messages(2);
  first.socket.terminate();
  const again = new Client(`?user=alice&epoch=${store.pushes.epoch}&seq=${second!.seq}`);
  await push('4');
  expect(titles(await again.messages(2))).toEqual(['3', '4']);
});

test('a client of another epoch gets a reset', async () => {
  await push('1');
  const client = new Client('?user=alice&epoch=gone&seq=99');
  await client.messages(1);
  expect(client.frames.map(({ type }) => type)).toEqual(['hello', 'reset', 'message']);
});

test('an acknowledgement is the receipt, once; `all` waits for everybody named', async () => {
  const any = await push('any', ['alice', 'bob']);
  const all = await push('all', ['alice', 'bob'], { require: 'all' });
  const [alice, bob] = [new Client('?user=alice'), new Client('?user=bob')];
  const [, last] = await alice.messages(2);
  alice.send({ type: 'ack', seq: last!.seq });
  alice.send({ type: 'ping' });
  await alice.until((frames) => frames.some(({ type }) => type === 'pong'));
  await bob.messages(2);
  while (acknowledged.length < 1) await new Promise((resolve) => setImmediate(resolve));
  expect(acknowledged.flatMap(({ deliveries }) => deliveries)).toEqual([any]);
  bob.send({ type: 'ack', seq: last!.seq });
  while (acknowledged.length < 2) await new Promise((resolve) => setImmediate(resolve));
  expect(acknowledged[1]).toMatchObject({ deliveries: [all], receipt: { answer: 'acknowledged by bob' } });
});

test('users get only their own pushes; `*` is for all', async () => {
  await push('for bob', ['bob']);
  await push('for all', ['*']);
  const alice = new Client('?user=alice');
  await push('for alice', ['alice']);
  expect(titles(await alice.messages(2))).toEqual(['for all', 'for alice']);
});

test('a client that does not read is closed at 1 MiB, and resumes without loss', async () => {
  await reopen((ms) => ms === 5_000);
  const deaf = dial((server.address() as AddressInfo).port, '127.0.0.1');
  deaf.write(
    'GET /stream?user=alice HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  );
  deaf.on('error', () => {});
  await once(deaf, 'data');
  deaf.pause();
  const [connection] = connections;
  const ended = once(connection!, 'close');
  const big = 'x'.repeat(256 * 1024);
  const count = 60;
  for (let n = 0; n < count; n += 1) await push(String(n), ['alice'], { body: big });
  while (fired.length === 0) await new Promise((resolve) => setImmediate(resolve));
  fired.at(-1)!();
  await ended;
  const client = new Client('?user=alice');
  expect(titles(await client.messages(count))).toEqual(Array.from({ length: count }, (_, n) => String(n)));
});

test('a ticket opens one stream as its user, once', () => {
  const { ticket, expires_in: seconds } = pushServer.ticket('alice');
  expect(seconds).toBe(30);
  expect(pushServer.redeem(ticket)).toEqual({ user: 'alice' });
  expect(pushServer.redeem(ticket)).toBeUndefined();
  expect(pushServer.redeem('made up')).toBeUndefined();
});

test('a ticket is void when its maker is not valid any more', () => {
  let isValid = true;
  const { ticket } = pushServer.ticket('alice', { isValid: () => isValid });
  isValid = false;
  expect(pushServer.redeem(ticket)).toBeUndefined();
});

test.each(['/feed', '/stream?user=alice'])('a stream ends when its caller is not valid any more: %s', async (path) => {
  let isValid = true;
  caller = { name: 'test', scopes: ['stream'], isValid: () => isValid };
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
  opened.push(socket);
  await once(socket, 'open');
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  isValid = false;
  const [[code]] = await Promise.all([once(socket, 'close'), response.text()]);
  expect(code).toBe(1008);
});

test('a token for one user receives the pushes of that user only, and a stream needs a user', async () => {
  caller = { name: 'test', scopes: ['stream:bob'] };
  const [code] = (await once(new Client('?user=alice').socket, 'close')) as [number];
  expect(code).toBe(1008);
  caller = { name: 'test', scopes: ['stream'] };
  expect((await once(new Client('').socket, 'close'))[0]).toBe(1008);
});

test('an invalid frame closes the connection', async () => {
  for (const nonsense of ['{', '{"type":"resume"}', '{"type":"ack","seq":-1}']) {
    const client = new Client('?user=alice');
    await once(client.socket, 'open');
    client.socket.send(nonsense);
    expect((await once(client.socket, 'close'))[0]).toBe(1008);
  }
});

test('a client that answers no ping is removed from the registry', async () => {
  await reopen((ms) => ms === 15_000);
  const client = new Client('?user=alice');
  (client.socket as unknown as { _autoPong: boolean })._autoPong = false;
  await client.until((frames) => frames.length > 0);
  fired[0]!();
  await once(client.socket, 'ping');
  fired[1]!();
  expect((await once(client.socket, 'close'))[0]).toBe(1006);
});

test('a client of the feed that answers no ping is closed', async () => {
  await reopen((ms) => ms === 15_000);
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/feed`);
  (socket as unknown as { _autoPong: boolean })._autoPong = false;
  await once(socket, 'open');
  await expect.poll(() => fired.length).toBe(1);
  fired[0]!();
  await once(socket, 'ping');
  fired[1]!();
  expect((await once(socket, 'close'))[0]).toBe(1006);
});

test('a keepalive is sent while nothing happens', async () => {
  const client = new Client('?user=alice');
  await client.until((frames) => frames.some(({ type }) => type === 'keepalive'));
});

test("the browser's client hands over each message once, acknowledges it, and reconnects by itself", async () => {
  const heard: string[] = [];
  const waiters: { readonly count: number; readonly resolve: () => void }[] = [];
  const states: string[] = [];
  const connection = connect({
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/stream`,
    user: 'alice',
    WebSocket,
    onMessage: ({ title }) => {
      heard.push(title);
      for (const { count, resolve } of waiters) if (heard.length >= count) resolve();
    },
    onState: (state) => states.push(state),
  });
  const until = (count: number) =>
    heard.length >= count ? Promise.resolve() : new Promise<void>((resolve) => waiters.push({ count, resolve }));
  const first = await push('1');
  await until(1);
  while (acknowledged.length < 1) await new Promise((resolve) => setImmediate(resolve));
  expect(acknowledged[0]!.deliveries).toEqual([first]);
  for (const socket of connections) socket.destroy();
  await push('2');
  await push('3');
  await until(3);
  expect(heard).toEqual(['1', '2', '3']);
  connection.close();
  expect(states.at(-1)).toBe('closed');
});

test("a message that the page could not handle is sent again to the browser's client, before later messages", async () => {
  const heard: string[] = [];
  let connection: { close(): void } | undefined;
  const both = new Promise<void>((resolve) => {
    connection = connect({
      url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/stream`,
      user: 'alice',
      WebSocket,
      onMessage: ({ title }) => {
        heard.push(title);
        if (heard.length === 1) throw new Error('the page has a bug');
        if (heard.at(-1) === '2') resolve();
      },
    });
  });
  await Promise.all([push('1'), push('2')]);
  await both;
  connection?.close();
  expect(heard).toEqual(['1', '1', '2']);
});

test('the feed sends events as they happen, without history', async () => {
  const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}/feed`);
  opened.push(socket);
  await once(socket, 'open');
  const heard = once(socket, 'message');
  feed({
    kind: 'event',
    at: '2026-11-23T09:00:00Z',
    event: sampleDelivery().event,
    outcomes: { r: 'notified' },
    results: [],
  });
  expect(JSON.parse(String((await heard)[0]))).toMatchObject({ kind: 'event', outcomes: { r: 'notified' } });
});

const addressOf = (path: string): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;

async function openedSocket(path: string): Promise<WebSocket> {
  const socket = new WebSocket(addressOf(path));
  opened.push(socket);
  socket.on('error', () => {});
  await once(socket, 'open');
  return socket;
}

const closeCode = async (socket: WebSocket): Promise<number> => ((await once(socket, 'close')) as [number])[0];

test('a user has 16 streams at most, and a further one is closed and counted until one of them ends', async () => {
  const clients = Array.from({ length: 16 }, () => new Client('?user=alice'));
  await Promise.all(clients.map((client) => client.until((frames) => frames.some(({ type }) => type === 'hello'))));
  expect([await closeCode(new Client('?user=alice').socket), refused]).toEqual([1013, ['user_connections']]);
  await new Client('?user=bob').until((frames) => frames.some(({ type }) => type === 'hello'));
  clients[0]!.socket.terminate();
  await expect
    .poll(async () => {
      const more = new WebSocket(addressOf('/?user=alice'));
      opened.push(more);
      const [first] = await Promise.race([once(more, 'message').then(() => ['hello']), once(more, 'close')]);
      return first as unknown;
    })
    .toBe('hello');
});

test('the feed has 100 clients at most', async () => {
  for (let client = 0; client < 100; client += 1) await openedSocket('/feed');
  expect([await closeCode(await openedSocket('/feed')), refused]).toEqual([1013, ['feeds']]);
});

test('a message of a client has at most 64 KiB in 256 fragments', async () => {
  const ping = '{"type":"ping"}';
  const socket = await openedSocket('/feed');
  let answers = 0;
  socket.on('message', () => (answers += 1));
  socket.send(ping.padEnd(64 * 1024));
  for (let part = 0; part < 256; part += 1) socket.send(part < ping.length ? ping[part]! : ' ', { fin: part === 255 });
  await expect.poll(() => answers).toBe(2);
  socket.send(ping.padEnd(64 * 1024 + 1));
  expect([await closeCode(socket), refused]).toEqual([1009, ['frame_bytes']]);
  const other = await openedSocket('/feed');
  for (let part = 0; part < 257; part += 1) other.send(' ', { fin: part === 256 });
  expect([await closeCode(other), refused]).toEqual([1008, ['frame_bytes', 'frame_fragments']]);
});

/** A WebSocket that sends frames and reads nothing; resolves when it is closed. */
async function floodUntilClosed(path: string, flood: (socket: Socket) => void): Promise<void> {
  const socket = dial((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  await once(socket, 'data');
  socket.pause();
  const isClosed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  flood(socket);
  await isClosed;
}

test('a client of the feed that does not read is closed at 1 MiB', async () => {
  const item = { kind: 'event', event: { data: 'x'.repeat(256 * 1024) } } as unknown as FeedItem;
  await floodUntilClosed('/feed', (socket) => {
    const send = (): void => {
      if (refused.length > 0 || socket.destroyed) return;
      feed(item);
      setImmediate(send);
    };
    send();
    socket.once('error', () => socket.destroy());
    void expect
      .poll(() => refused.length)
      .toBe(1)
      .then(() => socket.resume());
  });
  expect(refused).toEqual(['unread_bytes']);
});
