import type { Daemon } from './daemon.ts';
import { fill } from './fill.ts';
import { receipts } from './receipts.ts';
import type { Sink } from './sink.ts';

const TIMEOUT_MS = 75_000;

/** State of the endpoint during the burst. While it is down, a backlog builds up. */
export type Endpoint = 'down' | 'up';

/** Sends many events at once and waits for the last delivery. Returns the deliveries per second between the first and the last. */
export async function burstRate(daemon: Daemon, sink: Sink, count: number, endpoint: Endpoint): Promise<number> {
  const first = sink.expect(count);
  if (endpoint === 'down') await sink.become('closed');
  await fill(daemon, first, count);
  await sink.become('ok');
  await sink.received(count, TIMEOUT_MS);
  const { firstAt, lastAt } = receipts(sink.memory, first, count);
  return (count * 1000) / (lastAt - firstAt);
}
