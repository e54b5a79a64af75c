import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Endpoint, SendFailure } from '../../../daemon/core/problems/failure.ts';
import { TcpCheck } from '../../../daemon/delivery/lane/health/tcp-check.ts';
import { channel, fails, LaneHarness, ok } from '../../support/lanes.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

let server: Server;

beforeEach(() => {
  server = createServer((socket) => socket.destroy());
});

afterEach(async () => {
  await close();
});

function listen(port = 0): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () =>
      resolve({ address: '127.0.0.1', port: (server.address() as AddressInfo).port }),
    );
  });
}

const close = (): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));

/** Port on which no server listens. */
async function silent(): Promise<Endpoint> {
  const endpoint = await listen();
  await close();
  return endpoint;
}

/** Waits in real time for the kernel until `condition` holds. */
async function until(clock: VirtualClock, isSo: () => boolean): Promise<void> {
  while (!isSo()) await clock.advance(0);
}

const refusedAt = (...endpoints: readonly Endpoint[]): SendFailure =>
  new SendFailure('transient', 'net.refused', 'connection refused', { refusedAt: endpoints });

test('a check of a port that still refuses leaves nothing behind', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): unknown => warnings.push(warning);
  process.on('warning', note);
  const clock = new VirtualClock();
  const check = new TcpCheck({ clock, random: () => 0.5, onListening: () => undefined });
  check.watch([await silent()]);
  // Node.js warns of the eleventh listener of a signal.
  for (let checks = 0; checks < 15; checks += 1) {
    await until(clock, () => clock.waiting === 1);
    await clock.advance(12_000);
  }
  await until(clock, () => clock.waiting === 1);
  check.stop();
  process.off('warning', note);
  expect(warnings).toEqual([]);
});

test('a port that listens again is detected within a tenth of the outage', async () => {
  const clock = new VirtualClock();
  const found: number[] = [];
  const check = new TcpCheck({ clock, random: () => 1, onListening: () => found.push(clock.monotonic()) });
  const endpoint = await silent();
  check.watch([endpoint]);
  await until(clock, () => clock.waiting === 1);
  while (clock.monotonic() < 60_000) {
    await clock.advance(250);
    await until(clock, () => clock.waiting === 1);
  }
  expect(found).toEqual([]);
  await listen(endpoint.port);
  const began = clock.monotonic();
  while (found.length === 0) await clock.advance(250);
  expect(found[0]! - began).toBeLessThanOrEqual(60_000 * 0.1 * 1.2 + 250);
  expect(clock.waiting).toBe(0);
});

test('one listening address of several is enough, and a stop leaves no timer', async () => {
  const clock = new VirtualClock();
  let found = 0;
  const check = new TcpCheck({ clock, random: () => 0, onListening: () => (found += 1) });
  const deaf = await silent();
  const endpoint = await listen();
  check.watch([deaf, endpoint]);
  await clock.advance(500);
  await until(clock, () => found === 1);
  check.watch([deaf]);
  check.stop();
  await clock.advance(60_000);
  expect([found, clock.waiting]).toEqual([1, 0]);
});

test('with an open breaker all deliveries go as soon as the server listens again, before the next probe', async () => {
  const harness = await LaneHarness.open();
  try {
    const endpoint = await silent();
    harness.script('a', fails(refusedAt(endpoint)));
    await harness.apply(channel('a', { retry: [3_600_000], concurrency: 1 }));
    await harness.enqueue('a', {}, 20);
    await harness.clock.advance(7_500);
    expect(harness.sent).toHaveLength(5 + 3);
    await listen(endpoint.port);
    harness.script('a', ok);
    await harness.clock.advance(1_500);
    await until(harness.clock, () => harness.sent.length === 5 + 3 + 20);
    expect(await harness.deadRecords()).toEqual([]);
  } finally {
    await harness.close();
  }
  expect(harness.clock.waiting).toBe(0);
});
