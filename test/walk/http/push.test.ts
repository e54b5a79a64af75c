import { readFile } from 'node:fs/promises';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { Home } from '../../support/daemon.ts';

let home: Home;

beforeEach(async () => {
  home = await Home.make();
  await home.rules(`
channels:
  alice: { type: websocket, to: [alice] }
rules:
  - { name: all, on: api, message: { title: "{{ data.n }}" }, notify: [alice] }
`);
  await home.start();
});

afterEach(async () => {
  await home.close();
});

interface Frame {
  readonly type: string;
  readonly seq: number;
  readonly epoch: string;
  readonly title: string;
}

/** Client that collects messages; `heard(n)` resolves to the first n. */
async function client(
  query = '',
): Promise<{ socket: WebSocket; hello: Frame; heard: (count: number) => Promise<Frame[]> }> {
  const token = (await readFile(home.path('state', 'token'), 'utf8')).trim();
  const socket = new WebSocket(`ws://${home.address}/v1/stream?user=alice${query}`, ['belfry.v1', `bearer.${token}`]);
  const messages: Frame[] = [];
  const waiters: { count: number; resolve: () => void }[] = [];
  let greeted!: (frame: Frame) => void;
  const hello = new Promise<Frame>((resolve) => {
    greeted = resolve;
  });
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data as Buffer)) as Frame;
    if (frame.type === 'hello') greeted(frame);
    if (frame.type !== 'message') return;
    messages.push(frame);
    for (const waiter of waiters) if (messages.length >= waiter.count) waiter.resolve();
  });
  await once(socket, 'open');
  expect(socket.protocol).toBe('belfry.v1');
  return {
    socket,
    hello: await hello,
    async heard(count) {
      if (messages.length < count) await new Promise<void>((resolve) => waiters.push({ count, resolve }));
      return messages;
    },
  };
}

const emit = (n: number) => home.call('POST', '/v1/events', { type: 'count', data: { n } });
const titles = (frames: readonly Frame[]): string[] => frames.map(({ title }) => title);

test('a WebSocket client gets missed messages in order and once, also over a restart of the daemon', async () => {
  const first = await client();
  await emit(1);
  await emit(2);
  const seen = await first.heard(2);
  expect(titles(seen)).toEqual(['1', '2']);
  first.socket.send(JSON.stringify({ type: 'ack', seq: seen[1]!.seq }));
  await home.logged((line) => line.msg === 'alice: handed over, waiting for the receipt');
  first.socket.terminate();
  for (const n of [3, 4, 5]) await emit(n);
  await home.kill();
  await home.start();
  await emit(6);
  const second = await client(`&epoch=${first.hello.epoch}&seq=${seen[1]!.seq}`);
  expect(titles(await second.heard(4))).toEqual(['3', '4', '5', '6']);
  await emit(7);
  expect(titles(await second.heard(5))).toEqual(['3', '4', '5', '6', '7']);
  second.socket.close();
});

test('a push is delivered when it is acknowledged, not before', async () => {
  const posted = home.call<{ deliveries: { state: string; receipt?: { answer?: string } }[] }>(
    'POST',
    '/v1/events?wait=20s',
    { type: 'count', data: { n: 1 } },
  );
  const { socket, heard } = await client();
  const [message] = await heard(1);
  socket.send(JSON.stringify({ type: 'ack', seq: message!.seq }));
  expect((await posted).body.deliveries).toMatchObject([
    { state: 'delivered', receipt: { answer: 'acknowledged by alice' } },
  ]);
  socket.close();
});

test('a page of another origin gets no connection', async () => {
  const token = (await readFile(home.path('state', 'token'), 'utf8')).trim();
  const socket = new WebSocket(`ws://${home.address}/v1/stream?user=alice`, ['belfry.v1', `bearer.${token}`], {
    origin: 'https://evil.example',
  });
  const [error] = (await once(socket, 'error')) as [Error];
  expect(error.message).toContain('403');
});

test('server-sent events resume by Last-Event-ID, which acknowledges', async () => {
  const token = (await readFile(home.path('state', 'token'), 'utf8')).trim();
  const read = async (count: number, lastId?: string): Promise<{ ids: string[]; titles: string[] }> => {
    const stop = new AbortController();
    const answer = await fetch(`http://${home.address}/v1/stream?user=alice`, {
      headers: {
        authorization: `Bearer ${token}`,
        accept: 'text/event-stream',
        ...(lastId !== undefined && { 'last-event-id': lastId }),
      },
      signal: stop.signal,
    });
    let text = '';
    const ids = () => [...text.matchAll(/^id: (.*)$/gm)].map((match) => match[1]!);
    for await (const chunk of answer.body!) {
      text += Buffer.from(chunk).toString();
      if (ids().length >= count && text.endsWith('\n\n')) break;
    }
    stop.abort();
    return { ids: ids(), titles: [...text.matchAll(/"title":"(\d+)"/g)].map((match) => match[1]!) };
  };
  for (const n of [1, 2, 3]) await emit(n);
  const first = await read(3);
  expect(first.titles).toEqual(['1', '2', '3']);
  const second = await read(1, first.ids[1]);
  expect(second.titles).toEqual(['3']);
});
