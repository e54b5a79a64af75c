import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { STATE_FILES, stateFileOf } from '../../../daemon/app/state/state-files.ts';

test('docs/operations.md has every file of the state directory, and whether a backup has it', () => {
  const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
  const from = page.indexOf('| file | in a backup | what |');
  const rows = page.slice(from, page.indexOf('\n\n', from)).split('\n').slice(2);
  expect(rows).toEqual(
    STATE_FILES.map(({ name, isCopied, about }) => `| \`${name}\` | ${isCopied ? 'yes' : 'no'} | ${about} |`),
  );
});

test('a name is found by its pattern, and none leads to another folder', () => {
  for (const name of ['belfry.db', 'inbox/a.json', 'kept-rules/index.json', 'dead-letters.torn-12'])
    expect([name, stateFileOf(name)?.isCopied]).toEqual([name, true]);
  for (const name of ['reserve', '.room', '.restoring/belfry.db'])
    expect([name, stateFileOf(name)?.isCopied]).toEqual([name, false]);
  for (const name of [
    'notes',
    'inbox',
    'inbox/',
    'inbox/../x',
    'inbox/.x',
    'inbox/a/b',
    '../key',
    '/key',
    'a/key',
    'key/x',
  ])
    expect([name, stateFileOf(name)]).toEqual([name, undefined]);
});
