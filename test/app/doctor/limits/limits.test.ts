import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { LIMITS } from '../../../../daemon/app/doctor/limits/page.ts';
import { REFUSED_LIMITS } from '../../../../daemon/http/request/refusals.ts';
import { TRIED, UNTRIED } from './tried.ts';

const root = path.resolve(import.meta.dirname, '../../../..');
const all = LIMITS.flatMap(({ limits }) => limits);
const names = all.map(({ name }) => name);

test('each limit is tried at and above by a test that exists', () => {
  const missing = Object.entries(TRIED).flatMap(([name, places]) =>
    places
      .filter(({ file, title }) => !readFileSync(path.join(root, file), 'utf8').includes(title))
      .map(({ file, title }) => `${name}: ${file} has no test "${title}"`),
  );
  expect(missing).toEqual([]);
  expect([...Object.keys(TRIED), ...Object.keys(UNTRIED)].sort()).toEqual([...names].sort());
});

test('limits that no test tries are few, and each has its reason', () => {
  expect(Object.values(UNTRIED).filter((reason) => reason.length < 20)).toEqual([]);
  expect(Object.keys(UNTRIED).length).toBeLessThanOrEqual(6);
});

test('the metric of refusals has a value for each limit that refuses requests, and no other', () => {
  expect(new Set(names).size).toBe(names.length);
  const counted = all.filter((limit) => limit.counted === 'refused').map(({ name }) => name);
  expect([...REFUSED_LIMITS].sort()).toEqual(counted.sort());
});
