import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { now } from './clock.ts';
import { FIRST_PROBE } from './events.ts';
import { CELL, MODES, type SinkMemory } from './sink-memory.ts';

// The sink runs in a separate thread, so that it responds at once, also while the load generator is busy.
const { control, received, counts } = workerData as SinkMemory;
const port = parentPort!;
const ID = /evt-(\d{8})/g;

function note(body: string, at: number): void {
  // The id may occur several times in a notification, which is one receipt.
  let last = -1;
  let seen: Set<number> | undefined;
  for (const match of body.matchAll(ID)) {
    const id = Number(match[1]);
    if (id === last || seen?.has(id)) continue;
    if (last >= 0) (seen ??= new Set()).add(last);
    last = id;
    count(id, at);
  }
}

function count(id: number, at: number): void {
  if (id >= FIRST_PROBE) {
    Atomics.store(control, CELL.lastProbe, id - FIRST_PROBE);
    return;
  }
  const before = counts[id];
  if (before === undefined) return;
  counts[id] = Math.min(before + 1, 255);
  if (before > 0) return;
  received[id] = at;
  Atomics.add(control, CELL.unique, 1);
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 });
  response.end();
}

function handle(body: string, response: ServerResponse): void {
  const at = now();
  Atomics.add(control, CELL.requests, 1);
  const mode = MODES[Atomics.load(control, CELL.mode)];
  if (mode === 'down503') {
    answer(response, 503);
    return;
  }
  const receive = (): void => {
    note(body, mode === 'delay' ? now() : at);
    answer(response, 200);
  };
  if (mode === 'delay') setTimeout(receive, Atomics.load(control, CELL.delay));
  else receive();
}

const server = createServer((request, response) => {
  let body = '';
  request.setEncoding('latin1');
  request.on('data', (text: string) => {
    body += text;
  });
  request.on('end', () => handle(body, response));
});
server.keepAliveTimeout = 120_000;

function open(): void {
  server.listen(Atomics.load(control, CELL.port), '127.0.0.1', 4096, () => {
    Atomics.store(control, CELL.port, (server.address() as AddressInfo).port);
    port.postMessage('open');
  });
}

port.on('message', (message: 'open' | 'close') => {
  if (message === 'open') {
    open();
    return;
  }
  server.close(() => port.postMessage('closed'));
  server.closeAllConnections();
});
open();
