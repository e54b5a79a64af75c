import { expect, test } from 'vitest';
import { onDemand, requireGenerated } from '../../daemon/lib/on-demand.ts';

test('a library is loaded by the first call, and once', () => {
  const path = onDemand<typeof import('node:path')>('node:path');
  expect(path().posix.join('a', 'b')).toBe('a/b');
  expect(path()).toBe(path());
});

test('a library that is missing is an error when it is needed, not before', () => {
  const missing = onDemand('no-such-library');
  expect(missing).toThrow(/Cannot find module 'no-such-library'/);
});

test('a module that the build has not generated is undefined', () => {
  expect(requireGenerated('validators/none.cjs')).toBeUndefined();
});
