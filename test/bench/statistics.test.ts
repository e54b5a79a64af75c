import { expect, test } from 'vitest';
import { median, percentile, spread } from '../../bench/tools/statistics.ts';

test('the median is the middle one, or the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('a percentile is a measured value', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentile(values, 50)).toBe(100);
  expect(percentile(values, 99)).toBe(198);
  expect(percentile([7], 1)).toBe(7);
});

test('numbers are sorted by size, not by their digits', () => {
  expect(spread([10, 9, 100])).toEqual({ median: 10, min: 9, max: 100 });
});

test('no measurement is an error, not a zero', () => {
  expect(() => median([])).toThrow('nothing was measured');
  expect(() => percentile([], 50)).toThrow('nothing was measured');
});
