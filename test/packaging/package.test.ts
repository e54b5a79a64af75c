import { readFileSync } from 'node:fs';
import path from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { expect, test } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>;
  man: string[];
};

test('publint finds nothing wrong with the npm package', async () => {
  const { messages, pkg } = await publint({ pkgDir: root, level: 'suggestion', strict: true });
  expect(messages.map((message) => formatMessage(message, pkg!))).toEqual([]);
});

test('the program contains the licence of each library that it contains', () => {
  const text = readFileSync(path.join(root, 'bundle/LICENSES.txt'), 'utf8');
  for (const name of Object.keys(manifest.dependencies)) expect(text).toMatch(new RegExp(`^${name} \\d`, 'm'));
  // The first library of the bundle, with its whole licence.
  expect(text).toContain('Permission is hereby granted, free of charge');
});

test('the build writes the manual page that package.json names', () => {
  expect(readFileSync(path.join(root, manifest.man[0]!), 'utf8')).toMatch(/^\.TH BELFRY 1 /);
});
