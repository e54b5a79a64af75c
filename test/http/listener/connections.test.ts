import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { connectionLimits } from '../../../daemon/http/listener/connections.ts';
import { clientNetwork } from '../../../daemon/core/values/network.ts';
import { readOpenFileLimit } from '../../../daemon/lib/files/open-files.ts';
import { ask, dial, exchange, type OpenedListener, openTestListener, untilClosed } from '../../support/listener.ts';
import { ownAddress } from '../../support/own-address.ts';

/** Connects from an address that is not the loopback. */
function dialOwn(to: OpenedListener): Socket {
  const connection = connect(Number(to.listener.address.split(':').at(-1)), ownAddress);
  connection.on('error', () => {});
  onTestFinished(() => void connection.destroy());
  return connection;
}

const refusedBy = async (to: OpenedListener, limit: string): Promise<number> =>
  Number(new RegExp(`^belfry_refused_total\\{limit="${limit}"\\} (\\d+)$`, 'm').exec(await to.metrics.text())![1]);

const OPEN = `GET /client.js HTTP/1.1\r\nHost: ${ownAddress}\r\n\r\n`;

function answerOf(connection: Socket): Promise<string> {
  return new Promise((resolve) => connection.once('data', (data) => resolve(String(data))));
}

/** Opens a connection and waits until the server has it. */
async function served(to: OpenedListener): Promise<Socket> {
  const connection = dialOwn(to);
  connection.write(OPEN);
  expect(await answerOf(connection)).toContain('200 OK');
  return connection;
}

test.skipIf(ownAddress === undefined)(
  'an address beyond its connections gets 429, counted and logged once, until one of them closes (needs an address besides the loopback)',
  async () => {
    const to = await openTestListener({ listen: '0.0.0.0:0' });
    to.daemon.connectionsPerAddress = 3;
    const open = [await served(to), await served(to), await served(to)];
    for (let more = 0; more < 2; more += 1) {
      const answer = await untilClosed(dialOwn(to));
      expect(answer).toMatch(/^HTTP\/1\.1 429 Too Many Requests\r\nretry-after: 5\r\n/);
      expect(JSON.parse(answer.split('\r\n\r\n')[1]!)).toMatchObject({ status: 429, code: 'connections.address' });
    }
    const refused = dialOwn(to);
    refused.write(OPEN);
    expect(await untilClosed(refused)).toMatch(/^HTTP\/1\.1 429 /);
    expect(await refusedBy(to, 'address_connections')).toBe(3);
    expect(to.logged.map((line) => JSON.parse(line) as object)).toEqual([
      expect.objectContaining({ limit: 'address_connections', remote: ownAddress }),
    ]);
    expect((await ask(to, '/healthz')).status).toBe(200);
    open[0]!.destroy();
    await expect.poll(async () => /^HTTP\/1\.1 (\d+)/.exec(await answerOf(withRequest(dialOwn(to))))?.[1]).toBe('200');
  },
);

function withRequest(connection: Socket): Socket {
  connection.write(OPEN);
  return connection;
}

test.skipIf(ownAddress === undefined)(
  'a stream whose user has proved who it is leaves room for other connections of its address (needs an address besides the loopback)',
  async () => {
    const to = await openTestListener({ listen: '0.0.0.0:0' });
    to.daemon.connectionsPerAddress = 1;
    const upgrade = (token: string): string =>
      `GET /v1/feed HTTP/1.1\r\nHost: ${ownAddress}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    for (let stream = 0; stream < 3; stream += 1) {
      const connection = dialOwn(to);
      connection.write(upgrade('read-token'));
      expect(await answerOf(connection)).toContain('101 Switching Protocols');
    }
    const holding = await served(to);
    expect(await untilClosed(dialOwn(to))).toMatch(/^HTTP\/1\.1 429 /);
    holding.destroy();
  },
);

test('programs of this machine, such as a reverse proxy, have no limit by address', async () => {
  const to = await openTestListener();
  to.daemon.connectionsPerAddress = 1;
  const request = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
  for (const socket of [false, false, true, true]) {
    const connection = dial(to, socket);
    connection.write(request);
    expect(await answerOf(connection)).toContain('200 OK');
  }
});

test('connections beyond all that may be open are closed and counted; the socket has its own share', async () => {
  const to = await openTestListener({ openFiles: 16 });
  const { tcp, socket } = connectionLimits(16);
  const request = 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n';
  for (const [most, isSocket, limit] of [
    [tcp, false, 'connections'],
    [socket, true, 'socket_connections'],
  ] as const) {
    for (let open = 0; open < most; open += 1) {
      const connection = dial(to, isSocket);
      connection.write(request);
      expect(await answerOf(connection)).toContain('200 OK');
    }
    expect(await untilClosed(dial(to, isSocket))).toBe('');
    expect(await refusedBy(to, limit)).toBe(1);
  }
});

test('connections leave open files for the store, the sources and the channels', () => {
  expect(connectionLimits(undefined)).toEqual({ tcp: 16_384, socket: 512 });
  expect(connectionLimits(1_048_576)).toEqual({ tcp: 16_384, socket: 512 });
  expect(connectionLimits(4096)).toEqual({ tcp: 3072, socket: 512 });
  expect(connectionLimits(1024)).toEqual({ tcp: 384, socket: 128 });
  expect(connectionLimits(256)).toEqual({ tcp: 96, socket: 32 });
  expect(readOpenFileLimit('Max open files            1024                 524288               files')).toBe(1024);
  expect(readOpenFileLimit('Max open files            unlimited            unlimited            files')).toBe(
    undefined,
  );
});

test('a client is an IPv4 address or a network of 64 bits of IPv6, and nobody on this machine', () => {
  expect(clientNetwork('192.0.2.7')).toBe('192.0.2.7');
  expect(clientNetwork('::ffff:192.0.2.7')).toBe('192.0.2.7');
  expect(clientNetwork('2001:db8::1:2:3:4')).toBe(clientNetwork('2001:db8::ffff'));
  expect(clientNetwork('2001:db8:0:1::1')).not.toBe(clientNetwork('2001:db8::1'));
  expect(clientNetwork('fe80::1%eth0')).toBe(clientNetwork('fe80::2'));
  for (const own of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', undefined, ''])
    expect(clientNetwork(own)).toBe(undefined);
});

test('a request with more than 100 headers is 431, with a reason', async () => {
  const to = await openTestListener();
  const withHeaders = (count: number): string =>
    `GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${'X-A: b\r\n'.repeat(count - 2)}\r\n`;
  expect(await exchange(to, withHeaders(100))).toMatch(/^HTTP\/1\.1 200 /);
  expect(await exchange(to, withHeaders(101))).toMatch(/^HTTP\/1\.1 431 .*"code":"header\.too_many"/s);
  expect(await refusedBy(to, 'header_count')).toBe(1);
});

test('a connection on which nothing comes is closed in the time of headers, and is no refusal', async () => {
  const to = await openTestListener({ timeouts: { headers: 100, request: 200 } });
  expect(await untilClosed(dial(to))).toMatch(/^HTTP\/1\.1 408 .*"code":"request\.too_slow"/s);
  expect([await refusedBy(to, 'header_time'), to.logged]).toEqual([0, []]);
});
