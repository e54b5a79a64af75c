import { expect, test } from 'vitest';
import { median, percentile, spread } from '../../bench/tools/statistics.ts';

test('the median is the middle one, or the mean of the two in the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2.5);
});

test('a percentile is a value that was measured', () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentile(values, 50)).toBe(100);
  expect(percentile(values, 99)).toBe(198);
  expect(percentile([7], 1)).toBe(7);
});

test('numbers are in order of size, not of their digits', () => {
  expect(spread([10, 9, 100])).toEqual({ median: 10, min: 9, max: 100 });
});

test('nothing measured is an error, not a zero', () => {
  expect(() => median([])).toThrow('nothing was measured');
  expect(() => percentile([], 50)).toThrow('nothing was measured');
});
