import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const code = readdirSync(path.join(root, 'daemon'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(path.join(root, 'daemon', file), 'utf8'))
  .join('\n');

/** Variables of examples in texts: `${env:NAME}`. */
const EXAMPLES = ['NAME'];

function documented(): readonly string[] {
  const page = readFileSync(path.join(root, 'docs/operations.md'), 'utf8');
  const from = page.indexOf('| variable | what for |');
  const rows = page.slice(from, page.indexOf('\n\n', from)).split('\n').slice(2);
  return rows.flatMap((row) => [...row.split('|')[1]!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
}

test('docs/operations.md has every environment variable that the program reads, and no other', () => {
  const read = [...code.matchAll(/\benv\??\.([A-Z][A-Z_]+)\b/g)].map(([, name]) => name!);
  const missing = new Set(read.filter((name) => ![...documented(), ...EXAMPLES].includes(name)));
  expect([...missing]).toEqual([]);
  expect(documented().filter((name) => !new RegExp(`\\b${name}\\b`).test(code))).toEqual([]);
});
