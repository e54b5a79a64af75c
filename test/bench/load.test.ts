import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { isAccepted, runLoad } from '../../bench/tools/load.ts';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listening(answer: RequestListener): Promise<number> {
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const request = (number: number) => ({ path: `/${number}`, body: `{"number":${number}}` });

test('each request is sent once, over the given number of connections', async () => {
  const paths: string[] = [];
  const connections = new Set<unknown>();
  const port = await listening((incoming, response) => {
    paths.push(incoming.url!);
    connections.add(incoming.socket);
    incoming.resume().on('end', () => response.writeHead(202, { 'content-length': 0 }).end());
  });
  const load = await runLoad({ port, first: 5, count: 20, connections: 4, request });
  expect(paths.map((path) => Number(path.slice(1))).sort((a, b) => a - b)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 5),
  );
  expect(connections.size).toBe(4);
  expect([...load.status].every(isAccepted)).toBe(true);
  expect([...load.answered].every((at, index) => at > load.sent[index]!)).toBe(true);
});

test('in a paced run times count from the scheduled time of a request', async () => {
  const port = await listening((incoming, response) => void incoming.resume().on('end', () => response.end('ok')));
  const load = await runLoad({ port, first: 0, count: 10, rate: 1000, connections: 1, request });
  expect([...load.sent].map((at) => Math.round(at - load.startedAt))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('responses in pieces and in chunks are read to their end', async () => {
  const port = await listening((incoming, response) => {
    incoming.resume().on('end', () => {
      response.writeHead(200);
      response.write('a part');
      setImmediate(() => response.end('and the rest'));
    });
  });
  const load = await runLoad({ port, first: 0, count: 6, connections: 2, request });
  expect([...load.status]).toEqual([200, 200, 200, 200, 200, 200]);
});

test('a connection that breaks is status 0, and the next request has a new one', async () => {
  let count = 0;
  const port = await listening((incoming, response) => {
    count += 1;
    if (count === 2) incoming.socket.destroy();
    else incoming.resume().on('end', () => response.writeHead(202, { 'content-length': 0 }).end());
  });
  const load = await runLoad({ port, first: 0, count: 4, connections: 1, request });
  expect([...load.status]).toEqual([202, 0, 202, 202]);
});
