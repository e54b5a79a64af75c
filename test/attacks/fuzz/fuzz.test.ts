import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parsers } from './parsers/index.ts';
import { corpusOf, runParser } from './run-parser.ts';
import { Watchdog } from './watchdog.ts';

const watchdog = new Watchdog();
afterAll(() => watchdog.close());

describe('random input is read or refused, and never breaks', () => {
  test.each(parsers.map((parser) => ({ name: parser.name, parser })))(
    '$name',
    { timeout: 3_600_000 },
    async ({ name, parser }) => {
      const { cases, slowest, failure } = await runParser(parser, watchdog);
      expect(failure).toBeUndefined();
      console.log(`${name}: ${cases} cases, the slowest took ${slowest.toFixed(1)} ms`);
    },
  );
});

test('each file of kept cases belongs to a parser', () => {
  const names = readdirSync(path.join(import.meta.dirname, 'corpus')).map((file) => path.basename(file, '.json'));
  expect(names.filter((name) => corpusOf(name).length === 0)).toEqual([]);
  expect(names.filter((name) => !parsers.some((parser) => parser.name === name))).toEqual([]);
});

test('parsers have names of their own', () => {
  const names = parsers.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});
