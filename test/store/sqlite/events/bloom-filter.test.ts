import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOf } from '../../../../daemon/store/shared/keys.ts';
import { BloomFilter } from '../../../../daemon/store/sqlite/events/bloom-filter.ts';

test('contains every name that was added', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (names) => {
      const filter = new BloomFilter(0);
      for (const [id, source] of names) filter.add(hashOf(id), hashOf(source));
      expect(names.every(([id, source]) => filter.mayContain(hashOf(id), hashOf(source)))).toBe(true);
    }),
  );
});

test('rarely contains another name, even when it is full', () => {
  const filter = new BloomFilter(0);
  const source = hashOf('shop');
  for (let count = 0; !filter.isFull; count += 1) filter.add(hashOf(`evt-${count}`), source);
  let wrong = 0;
  for (let count = 0; count < 20_000; count += 1) if (filter.mayContain(hashOf(`other-${count}`), source)) wrong += 1;
  expect(wrong).toBeLessThan(200);
});

test('distinguishes the same id of two sources', () => {
  const filter = new BloomFilter(0);
  for (let count = 0; count < 1000; count += 1) filter.add(hashOf(`evt-${count}`), hashOf('shop'));
  let wrong = 0;
  for (let count = 0; count < 1000; count += 1)
    if (filter.mayContain(hashOf(`evt-${count}`), hashOf('office'))) wrong += 1;
  expect(wrong).toBeLessThan(20);
});
