import type { Daemon } from './daemon.ts';
import { fill } from './fill.ts';
import { receipts } from './receipts.ts';
import type { Sink } from './sink.ts';

const TIMEOUT_MS = 75_000;

/** An endpoint that goes away leaves a backlog; one that is there leaves none. */
export type Endpoint = 'away' | 'there';

/** Many events at once, to the last delivery; deliveries a second from the first to the last of them. */
export async function burstRate(daemon: Daemon, sink: Sink, count: number, endpoint: Endpoint): Promise<number> {
  const first = sink.expect(count);
  if (endpoint === 'away') await sink.become('closed');
  await fill(daemon, first, count);
  await sink.become('ok');
  await sink.received(count, TIMEOUT_MS);
  const { firstAt, lastAt } = receipts(sink.memory, first, count);
  return (count * 1000) / (lastAt - firstAt);
}
