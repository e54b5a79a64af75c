import path from 'node:path';
import { expect, test } from 'vitest';

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: 'passed' | 'failed';
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}
type Ended = { readonly status: number | null; readonly signal: string | null };

const SCRIPT = path.resolve(import.meta.dirname, '../../scripts/test-result.mjs');
const { testResult } = (await import(SCRIPT)) as {
  readonly testResult: (report: Report, ended: Ended, root: string) => { readonly lines: readonly string[] };
};

const linesOf = (
  files: Readonly<Record<string, readonly ['passed' | 'failed', ...string[]]>>,
  ended: Ended = { status: 1, signal: null },
): readonly string[] => {
  const testResults = Object.entries(files).map(([name, [status, ...tests]]) => ({
    name: `/root/test/${name}`,
    status,
    assertionResults: tests.map((status, index) => ({ fullName: `${name} ${index + 1}`, status })),
  }));
  return testResult({ testResults }, ended, '/root').lines;
};

test('tests are counted in the last line', () => {
  const ended = { status: 0, signal: null };
  expect(linesOf({ a: ['passed', 'passed'], b: ['passed', 'passed'] }, ended)).toEqual(['2 passed, 0 failed']);
  expect(linesOf({ a: ['failed', 'passed', 'failed', 'failed'], b: ['passed', 'skipped', 'todo'] })).toEqual([
    '1 passed, 2 failed, 2 skipped',
  ]);
});

test('a file that could not be collected counts as failed', () => {
  expect(linesOf({ a: ['failed'], b: ['passed', 'passed'] })).toEqual(['1 passed, 1 failed']);
});

test('a file whose process ended is named with its unfinished tests, and counts as failed', () => {
  expect(linesOf({ a: ['passed', 'passed', 'pending', 'skipped', 'pending'], b: ['passed', 'passed'] })).toEqual([
    'test/a did not finish: its process ended, see the errors above',
    '  a 2',
    '  a 4',
    '2 passed, 1 failed, 1 skipped',
  ]);
});

test('a file whose process ended before its tests were collected is named', () => {
  expect(linesOf({ a: ['passed'], b: ['passed', 'passed'] })).toEqual([
    'test/a did not finish: its process ended, see the errors above',
    '1 passed, 1 failed',
  ]);
});

test('a run that vitest ends with an error fails without a failed test', () => {
  const files = { a: ['passed', 'passed'] } as const;
  expect(linesOf(files)).toEqual(['vitest ended with code 1, see the errors above', '1 passed, 1 failed']);
  expect(linesOf(files, { status: null, signal: 'SIGKILL' })[0]).toBe(
    'vitest ended with SIGKILL, see the errors above',
  );
});
