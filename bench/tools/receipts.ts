import type { SinkMemory } from './sink-memory.ts';

export interface Receipts {
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Times of the first and the last receipt of these events. Throws if one was received too seldom or too often. */
export function receipts(memory: SinkMemory, first: number, count: number, times = 1): Receipts {
  const counts = memory.counts.subarray(first, first + count);
  const lost = counts.filter((received) => received < times).length;
  const doubled = counts.filter((received) => received > times).length;
  if (lost > 0 || doubled > 0) throw new Error(`of ${count} events ${lost} were lost and ${doubled} doubled`);
  const received = memory.received.subarray(first, first + count);
  return {
    firstAt: received.reduce((least, at) => Math.min(least, at), Number.POSITIVE_INFINITY),
    lastAt: received.reduce((most, at) => Math.max(most, at), 0),
  };
}
