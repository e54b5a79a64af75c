import { isAccepted, type Load } from './load.ts';
import type { SinkMemory } from './sink-memory.ts';
import { percentile } from './statistics.ts';

export interface LoadResult {
  /** Rates of accepted and of received events, from the first request to the last one of each. */
  readonly acceptedPerSecond: number;
  readonly deliveredPerSecond: number;
  /** Milliseconds from the request to its 2xx, and to the receipt of its notification. */
  readonly acceptedP50: number;
  readonly deliveredP50: number;
  readonly deliveredP99: number;
  /** Time of the last receipt. */
  readonly lastAt: number;
}

/** Computes the result of a load. Throws if an event was refused, lost, or delivered twice. */
export function loadResultOf(load: Load, { received, counts }: SinkMemory): LoadResult {
  const accepted: number[] = [];
  const delivered: number[] = [];
  const wrong = { refused: 0, lost: 0, doubled: 0 };
  let lastAt = load.startedAt;
  for (const [index, sentAt] of load.sent.entries()) {
    const number = load.first + index;
    if (!isAccepted(load.status[index])) wrong.refused += 1;
    else if (counts[number] === 0) wrong.lost += 1;
    else if (counts[number]! > 1) wrong.doubled += 1;
    accepted.push(load.answered[index]! - sentAt);
    delivered.push(received[number]! - sentAt);
    lastAt = Math.max(lastAt, received[number]!);
  }
  const problems = Object.entries(wrong).filter(([, count]) => count > 0);
  if (problems.length > 0) {
    throw new Error(`of ${load.sent.length} events ${problems.map(([what, count]) => `${count} ${what}`).join(', ')}`);
  }
  return {
    acceptedPerSecond: (load.sent.length * 1000) / (load.endedAt - load.startedAt),
    deliveredPerSecond: (load.sent.length * 1000) / (lastAt - load.startedAt),
    acceptedP50: percentile(accepted, 50),
    deliveredP50: percentile(delivered, 50),
    deliveredP99: percentile(delivered, 99),
    lastAt,
  };
}
