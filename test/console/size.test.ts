import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = path.resolve(import.meta.dirname, '../../bundle/console');
const MAX_BYTES = 60 * 1024;

const compressed = readdirSync(FOLDER).filter((file) => file.endsWith('.gz'));

test.each(['en', 'zh'])(
  'everything that a browser loads for the language %s takes at most 60 KB by gzip',
  (language) => {
    const others = compressed.filter((file) => /^(?:en|zh)-/.test(file) && !file.startsWith(language));
    const loaded = compressed.filter((file) => !others.includes(file));
    const bytes = loaded.reduce((sum, file) => sum + statSync(path.join(FOLDER, file)).size, 0);
    expect(others).toHaveLength(1);
    expect(loaded.length).toBeGreaterThan(3);
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
  },
);

test('the page names its script, style and icon relative to itself, and has nothing inline', () => {
  const page = readFileSync(path.join(FOLDER, 'index.html'), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
  expect(named.map((name) => name.replace(/-[\w-]{8}\./, '-HASH.')).sort()).toEqual([
    'console/console-HASH.css',
    'console/icon-HASH.svg',
    'console/main-HASH.js',
  ]);
  expect(page).not.toMatch(/<script>|<style|style=|\son\w+=/);
});
