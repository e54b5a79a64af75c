import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOf } from '../../../../daemon/store/sqlite/engine/keys.ts';
import { NameFilter } from '../../../../daemon/store/sqlite/events/bloom-filter.ts';

test('a filter never denies what it was given', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.string(), fc.string())), (names) => {
      const filter = new NameFilter(0);
      for (const [id, source] of names) filter.add(hashOf(id), hashOf(source));
      expect(names.every(([id, source]) => filter.mayHave(hashOf(id), hashOf(source)))).toBe(true);
    }),
  );
});

test('a filter that is full is hardly ever wrong about what it was not given', () => {
  const filter = new NameFilter(0);
  const source = hashOf('shop');
  for (let count = 0; !filter.isFull; count += 1) filter.add(hashOf(`evt-${count}`), source);
  let wrong = 0;
  for (let count = 0; count < 20_000; count += 1) if (filter.mayHave(hashOf(`other-${count}`), source)) wrong += 1;
  expect(wrong).toBeLessThan(200);
});

test('the same id from another source is another name', () => {
  const filter = new NameFilter(0);
  for (let count = 0; count < 1000; count += 1) filter.add(hashOf(`evt-${count}`), hashOf('shop'));
  let wrong = 0;
  for (let count = 0; count < 1000; count += 1) if (filter.mayHave(hashOf(`evt-${count}`), hashOf('desk'))) wrong += 1;
  expect(wrong).toBeLessThan(20);
});
