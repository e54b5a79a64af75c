import type { Daemon } from './daemon.ts';
import { fill } from './fill.ts';
import { receipts } from './receipts.ts';
import type { Sink } from './sink.ts';

/** What an outage has left is delivered; deliveries a second from the first to the last of it. */
export async function backlogRate(daemon: Daemon, sink: Sink, count: number): Promise<number> {
  const first = sink.expect(count);
  await sink.become('closed');
  await fill(daemon, first, count);
  await sink.become('ok');
  await sink.received(count, 75_000);
  const { firstAt, lastAt } = receipts(sink.memory, first, count);
  return (count * 1000) / (lastAt - firstAt);
}
