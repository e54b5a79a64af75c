import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');
const page = readFileSync(path.join(root, 'docs/architecture.md'), 'utf8');

test('docs/architecture.md names only files and folders that exist', () => {
  const named = [...page.matchAll(/`((?:[\w.-]+\/)+(?:[\w.-]+)?)`/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(40);
  const missing = named.filter(
    (name) => !existsSync(path.join(root, 'daemon', name)) && !existsSync(path.join(root, name)),
  );
  expect(missing).toEqual(['digest/0', 'digest/1']);
});

test('docs/architecture.md describes every room', () => {
  for (const room of readdirSync(path.join(root, 'daemon'))) expect(page).toContain(`| \`daemon/${room}`);
});
