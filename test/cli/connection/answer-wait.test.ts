import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { testChannel } from '../../../daemon/cli/commands/channels/test.ts';
import { type Client, openClient } from '../../../daemon/cli/connection/client.ts';
import type { CommonOptions } from '../../../daemon/cli/render/terminal.ts';
import type { ChannelView } from '../../../daemon/http/daemon-api.ts';
import { belfry, testTerminal } from '../../support/command-line.ts';
import { type OpenedListener, openTestListener } from '../../support/listener.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { written } from '../../support/command-line.ts';

const paths = () => Promise.reject(new Error('there is an address'));

function clientOf(to: OpenedListener, options: CommonOptions = {}) {
  const clock = new VirtualClock();
  const said: string[] = [];
  const client: Client = openClient({ url: `http://${to.listener.address}`, token: 'admin-token', ...options }, paths, {
    clock,
    print: (text) => said.push(text),
  });
  onTestFinished(() => client.close());
  return { clock, said, client };
}

const DONE = { channel: 'ops', ok: true, receipt: { answer: 'written' }, ms: 65_000 };

/** A channel test that takes until `answer` is called. */
function slowTest(to: OpenedListener) {
  let asked = (): void => {};
  let answer = (): void => {};
  const begun = new Promise<void>((resolve) => (asked = resolve));
  to.daemon.testChannel = () => {
    asked();
    return new Promise((resolve) => (answer = () => resolve(DONE)));
  };
  return { begun, answer: () => answer() };
}

test('a channel test waits as long as the attempt takes, and prints why it waits', async () => {
  const to = await openTestListener();
  const { clock, said, client } = clientOf(to);
  const { begun, answer } = slowTest(to);
  const terminal = testTerminal();
  const ran = testChannel(terminal, client, 'ops', {});
  await begun;
  await clock.advance(2_999);
  expect(said).toEqual([]);
  await clock.advance(1);
  await expect.poll(() => said).toEqual([expect.stringMatching(/^waiting for ops: the message is in flight/)]);
  await clock.advance(24 * 3_600_000);
  answer();
  expect(await ran).toBe(0);
  expect(written(terminal.stdout)).toContain('ops: delivered in 65000 ms');
  expect(said).toHaveLength(1);
});

test('no note about a wait is printed for a stream that has begun, although no item has come', async () => {
  let asked = (): void => {};
  const begun = new Promise<void>((resolve) => (asked = resolve));
  const server = createServer((socket) => {
    socket.on('error', () => {}).write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n');
    socket.once('data', () => asked());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const clock = new VirtualClock();
  const said: string[] = [];
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const client = openClient({ url, token: 'x' }, paths, { clock, print: (text) => said.push(text) });
  const ending = new AbortController();
  const followed = client.follow('/v1/feed', ending.signal)[Symbol.asyncIterator]().next();
  await begun;
  await expect.poll(() => clock.waiting).toBe(0);
  await clock.advance(60_000);
  expect(said).toEqual([]);
  ending.abort();
  expect(await followed).toMatchObject({ done: true });
});

test('a rate limit of the channel and its end are shown while a command waits', async () => {
  const to = await openTestListener();
  const { clock, said, client } = clientOf(to);
  const { begun, answer } = slowTest(to);
  const reason = 'resting until 2026-11-23T09:10:00.000Z: too many requests (http.429)';
  const resting: ChannelView = { name: 'ops', type: 'webhook', state: 'failing', reason, pending: 0, held: 0 };
  const channels = [
    { ...resting, resting_until: '2026-11-23T09:10:00.000Z' },
    { ...resting, name: 'other' },
  ];
  to.daemon.channels = async () => channels as never;
  const ran = testChannel(testTerminal(), client, 'ops', {});
  await begun;
  await clock.advance(3_000);
  await expect.poll(() => said).toEqual([`waiting for ops: ${reason}`]);
  answer();
  expect(await ran).toBe(0);
});

test('--timeout ends the wait with exit 1, and does not say that no daemon runs', async () => {
  const to = await openTestListener();
  const { clock, client } = clientOf(to, { timeout: 10_000 });
  const { begun } = slowTest(to);
  const ran = testChannel(testTerminal(), client, 'ops', {});
  const ended = expect(ran).rejects.toMatchObject({
    exit: 1,
    message: expect.stringMatching(
      /^the daemon is running, but has not answered `POST \/v1\/channels\/ops\/test` within 10s;/,
    ),
  });
  await begun;
  await clock.advance(10_000);
  await ended;
});

/** A listener that accepts connections and never answers, like a daemon that a debugger has stopped. */
async function silentServer(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { server, url: `http://127.0.0.1:${(server.address() as { port: number }).port}` };
}

test.each([
  ['status'],
  ['reload'],
  ['audit'],
  ['alerts'],
  ['events'],
  ['channel', 'list'],
  ['dead', 'list'],
  ['hold', 'ops'],
])('%s %s: --timeout ends the waiting for a daemon that never answers, with exit 1', async (...args) => {
  const { url } = await silentServer();
  const { code, stderr } = await belfry(undefined, [...args, '--url', url, '--timeout', '50ms']);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^belfry: the daemon is running, but has not answered `.*` within 50ms/),
  ]);
});

test('an answer that ends early is reported without a stack', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"half":');
      socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  for (const args of [['status'], ['tail'], ['dead', 'list']]) {
    const { code, stderr } = await belfry(undefined, [...args, '--url', url]);
    expect([args, code, stderr.split('\n').length]).toEqual([args, 69, 2]);
    expect(stderr).toMatch(/^belfry: the daemon /);
  }
});

test('a token that no header can hold is wrong usage, also in the environment', async () => {
  const { url } = await silentServer();
  const ran = await belfry(undefined, ['status', '--url', url], { BELFRY_TOKEN: 'a\nb' });
  expect([ran.code, ran.stderr]).toEqual([2, expect.stringMatching(/^belfry: \$BELFRY_TOKEN: /)]);
});
