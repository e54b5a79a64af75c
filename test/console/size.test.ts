import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const FOLDER = path.resolve(import.meta.dirname, '../../bundle/console');
const MAX_BYTES = 60 * 1024;

const compressed = readdirSync(FOLDER).filter((file) => file.endsWith('.gz'));

test.each(['en', 'zh'])(
  'everything that a browser loads for the language %s takes at most 60 KB by gzip',
  (language) => {
    const others = compressed.filter(
      (file) => /^(?:index-)?(?:en|zh)[-.]/.test(file) && !new RegExp(`^(?:index-)?${language}`).test(file),
    );
    const loaded = compressed.filter((file) => !others.includes(file));
    const bytes = loaded.reduce((sum, file) => sum + statSync(path.join(FOLDER, file)).size, 0);
    expect(others).toHaveLength(2);
    expect(loaded.length).toBeGreaterThan(3);
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES);
  },
);

test.each(['en', 'zh'])('the page for %s names its files relative to itself, and has nothing inline', (language) => {
  const page = readFileSync(path.join(FOLDER, `index-${language}.html`), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1]!);
  expect(named.map((name) => name.replace(/-[\w-]{8}\./, '-HASH.')).sort()).toEqual(
    ['console/console-HASH.css', 'console/icon-HASH.svg', 'console/main-HASH.js', `console/${language}-HASH.js`].sort(),
  );
  expect(page).not.toMatch(/<script>|<style|style=|\son\w+=/);
});
