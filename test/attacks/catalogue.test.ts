import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { catalogue } from './catalogue.ts';

const files = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' }).filter((file) =>
  file.endsWith('.test.ts'),
);
const tried = files.flatMap((file) =>
  [...readFileSync(path.join(import.meta.dirname, file), 'utf8').matchAll(/\battack\(\s*'(\w+)'/g)].map(
    ([, id]) => id!,
  ),
);
const ids: readonly string[] = catalogue.flatMap(({ rows }) => rows.map(({ id }) => id));

test('every row of the catalogue is tried by one attack, and every attack has its row', () => {
  expect(tried.toSorted()).toEqual(ids.toSorted());
});

test('ids are unique, and each section has one letter', () => {
  expect(ids).toEqual([...new Set(ids)]);
  for (const { rows } of catalogue) expect(new Set(rows.map(({ id }) => id[0])).size).toBeLessThanOrEqual(1);
});
