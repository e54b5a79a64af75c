import type { Sink } from './sink.ts';

export interface Receipts {
  readonly firstAt: number;
  readonly lastAt: number;
}

/** When the sink received the first and the last of these events. Throws when one was lost or came twice. */
export function receipts(sink: Sink, first: number, count: number): Receipts {
  const counts = sink.memory.counts.subarray(first, first + count);
  const lost = counts.reduce((sum, times) => sum + (times === 0 ? 1 : 0), 0);
  const doubled = counts.reduce((sum, times) => sum + (times > 1 ? 1 : 0), 0);
  if (lost > 0 || doubled > 0) throw new Error(`of ${count} events ${lost} were lost and ${doubled} doubled`);
  const times = sink.memory.received.subarray(first, first + count);
  return {
    firstAt: times.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY),
    lastAt: times.reduce((most, at) => Math.max(most, at), 0),
  };
}
