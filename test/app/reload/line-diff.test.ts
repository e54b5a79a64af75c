import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineDiff } from '../../../daemon/app/reload/line-diff.ts';

const at = (first: number, text: string) => ({ first, lines: text === '' ? [] : text.split(' ') });

test.each([
  ['no change', 'a b c', 'a b c', ''],
  [
    'a changed line with two lines around it',
    'a b c d e f',
    'a b c X e f',
    '@@ -11,5 +21,5 @@\n b\n c\n-d\n+X\n e\n f\n',
  ],
  ['an added text', '', 'a b', '@@ -10,0 +20,2 @@\n+a\n+b\n'],
  ['a removed text', 'a b', '', '@@ -10,2 +20,0 @@\n-a\n-b\n'],
  [
    'two changes far from each other',
    'a 1 2 3 4 5 6 b',
    'A 1 2 3 4 5 6 B',
    '@@ -10,3 +20,3 @@\n-a\n+A\n 1\n 2\n@@ -15,3 +25,3 @@\n 5\n 6\n-b\n+B\n',
  ],
  ['two changes close to each other as one hunk', 'a 1 2 b', 'A 1 2 B', '@@ -10,4 +20,4 @@\n-a\n+A\n 1\n 2\n-b\n+B\n'],
])('a line difference of %s', (_what, before, after, wanted) => {
  const expected = wanted.replace('-10,0 +20', '-9,0 +20').replace('+20,0', '+19,0');
  expect(lineDiff(at(10, before), at(20, after))).toBe(expected);
});

/** Applies unified hunks of texts that begin at line 1. */
function patched(before: readonly string[], diff: string): readonly string[] {
  const result: string[] = [];
  let next = 0;
  for (const line of diff.split('\n').slice(0, -1)) {
    const head = /^@@ -(\d+),(\d+) /.exec(line);
    if (head !== null) {
      const start = Number(head[1]) - (head[2] === '0' ? 0 : 1);
      result.push(...before.slice(next, start));
      next = start;
    } else if (line.startsWith('+')) result.push(line.slice(1));
    else {
      expect(line.slice(1)).toBe(before[next]);
      if (line.startsWith(' ')) result.push(before[next]!);
      next += 1;
    }
  }
  return [...result, ...before.slice(next)];
}

test('a line difference turns the first text into the second', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 30 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = lineDiff({ lines: before, first: 1 }, { lines: after, first: 1 });
      expect(patched(before, diff)).toEqual(after);
    }),
  );
});

test('two long texts without a common line are shown as removed and added whole', () => {
  const text = (prefix: string) => Array.from({ length: 2000 }, (_, index) => `${prefix}${index}`);
  const diff = lineDiff({ lines: text('a'), first: 1 }, { lines: text('b'), first: 1 });
  expect(diff.split('\n').slice(0, 3)).toEqual(['@@ -1,2000 +1,2000 @@', '-a0', '-a1']);
});
