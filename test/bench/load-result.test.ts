import { expect, test } from 'vitest';
import type { Load } from '../../bench/tools/load.ts';
import { receipts } from '../../bench/tools/receipts.ts';
import type { SinkMemory } from '../../bench/tools/sink-memory.ts';
import { loadResultOf } from '../../bench/tools/load-result.ts';

/** Events 10, 11, ... sent a millisecond apart, answered 2 ms and received 3 ms later. */
const load = (...status: readonly number[]): Load => ({
  first: 10,
  startedAt: 100,
  endedAt: 100 + status.length + 1,
  sent: Float64Array.from(status, (_, index) => 100 + index),
  answered: Float64Array.from(status, (_, index) => 102 + index),
  status: Uint16Array.from(status),
});

const BEFORE = Array.from({ length: 10 }, () => 0);

const sink = (...counts: readonly number[]): SinkMemory => ({
  control: new Int32Array(8),
  received: Float64Array.from([...BEFORE, ...counts.map((_, index) => 103 + index)]),
  counts: Uint8Array.from([...BEFORE, ...counts]),
});

test('rates count to the last event, and times from the sending of each', () => {
  expect(loadResultOf(load(202, 202, 202, 202), sink(1, 1, 1, 1))).toMatchObject({
    acceptedPerSecond: 800,
    deliveredPerSecond: 4000 / 6,
    acceptedP50: 2,
    deliveredP50: 3,
    lastAt: 106,
  });
});

test('a refused, lost or doubled event is an error', () => {
  expect(() => loadResultOf(load(202, 503, 0), sink(1, 1, 1))).toThrow('of 3 events 2 refused');
  expect(() => loadResultOf(load(202, 202, 202), sink(1, 0, 2))).toThrow('of 3 events 1 lost, 1 doubled');
});

test('a backlog is complete when each event was received exactly as often as expected', () => {
  expect(receipts(sink(1, 1, 1), 10, 3)).toEqual({ firstAt: 103, lastAt: 105 });
  expect(receipts(sink(4, 4), 10, 2, 4)).toEqual({ firstAt: 103, lastAt: 104 });
  expect(() => receipts(sink(1, 0, 2), 10, 3)).toThrow('of 3 events 1 were lost and 1 doubled');
  expect(() => receipts(sink(4, 3), 10, 2, 4)).toThrow('1 were lost');
});
