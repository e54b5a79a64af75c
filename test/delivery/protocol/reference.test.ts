import { expect, test } from 'vitest';
import type { Mistake } from './reference.ts';
import { search } from './search.ts';

const BOUNDS = { deliveries: 2, crashes: 2, resends: 1, drops: 1 };

test('no order of sends, writes, crashes, resends and drops breaks a promise of the delivery protocol', () => {
  const { states, found } = search(BOUNDS);
  process.stderr.write(`delivery protocol: ${states.toLocaleString('en')} states of two deliveries\n`);
  expect(found).toEqual([]);
  expect(states).toBeGreaterThan(10_000);
});

const MISTAKES: readonly Mistake[] = [
  'settles dead before the record is in the file',
  'removes the record before the store knows that it was sent',
  'sends what has a record at the start',
  'keeps the record of what was sent at the start',
  'resends a record twice at once',
  'drops a record that a resend has',
];

test.each(MISTAKES)('the search finds a protocol that %s', (mistake) => {
  expect(search({ ...BOUNDS, deliveries: 1, resends: 2 }, mistake).found).not.toEqual([]);
});
