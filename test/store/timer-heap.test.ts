import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimerHeap } from '../../daemon/store/timer-heap.ts';

test('returns due timers by time and then by name, also after changes', () => {
  const operation = fc.record({ key: fc.nat(30).map(String), at: fc.option(fc.nat(50)) });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 3000, size: 'max' }), (operations) => {
      const model = new Map<string, number>();
      const timers = new TimerHeap(({ key }, at) => model.get(key) === at);
      for (const { key, at } of operations) {
        if (at === null) model.delete(key);
        else {
          model.set(key, at);
          timers.add({ rule: 'r', key, step: 's' }, at);
        }
      }
      const wanted = [...model].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
      expect(timers.next()).toBe(wanted[0]?.[1]);
      expect(timers.due(25, 1000).map(({ key }) => key)).toEqual(
        wanted.filter(([, at]) => at <= 25).map(([key]) => key),
      );
      expect(timers.size).toBeLessThan(3000);
    }),
    { numRuns: 60 },
  );
});

test('a state whose time changes often does not grow the heap', () => {
  let at = 0;
  const timers = new TimerHeap((_, time) => time === at);
  for (at = 0; at < 100_000; at += 1) timers.add({ rule: 'r', key: 'k', step: 's' }, at);
  expect(timers.size).toBeLessThan(2000);
});
