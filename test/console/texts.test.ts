import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { en } from '../../console/texts/en.ts';

const CONSOLE = path.resolve('console');

const filesOf = (ending: string): readonly string[] =>
  readdirSync(CONSOLE, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith(ending));
const read = (file: string): string => readFileSync(path.join(CONSOLE, file), 'utf8');

/** Paths of all texts and groups of texts. */
const keysOf = (texts: object, at: readonly string[] = []): readonly (readonly string[])[] =>
  Object.entries(texts).flatMap(([key, value]) => [
    [...at, key],
    ...(typeof value === 'object' && value !== null ? keysOf(value as object, [...at, key]) : []),
  ]);

test('every text of the console is used', () => {
  const code = filesOf('.tsx')
    .concat(filesOf('.ts'))
    .filter((file) => !file.startsWith('texts'))
    .map(read)
    .join('\n');
  const words = new Set(code.match(/[A-Za-z_]\w*/g));
  const isUsed = (key: readonly string[]): boolean => words.has(key.at(-1)!) || code.includes(`${key.at(-2)}[`);
  const unused = keysOf(en)
    .filter((key) => !isUsed(key))
    .map((key) => key.join('.'));
  expect(unused).toEqual([]);
});

/** Classes with which a selector of a sheet begins. */
function classesOf(sheet: string): ReadonlySet<string> {
  const text = sheet.replaceAll(/\/\*[^]*?\*\//g, '');
  return new Set([...text.matchAll(/(?<=^|[{},])\s*\.([a-z][\w-]*)/g)].map(([, name]) => name!));
}

test('no page gives rules to the class of another page: what both use is in the common style', () => {
  const owners = new Map<string, string[]>();
  const sheets = filesOf('.css').map((file) => ({
    file,
    isPage: file.startsWith('pages'),
    names: classesOf(read(file)),
  }));
  const common = new Set(sheets.flatMap(({ isPage, names }) => (isPage ? [] : [...names])));
  for (const { file, isPage, names } of sheets)
    if (isPage) for (const name of names) owners.set(name, [...(owners.get(name) ?? []), file]);
  expect(owners.size).toBeGreaterThan(100);
  expect([...owners].filter(([name, files]) => files.length > 1 && !common.has(name))).toEqual([]);
});
