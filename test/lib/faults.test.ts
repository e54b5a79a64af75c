import { expect, test } from 'vitest';
import { Faults, faultLog, RepeatLimit } from '../../daemon/lib/faults.ts';
import type { Log } from '../../daemon/lib/log.ts';

test('a fault is reported when it begins, when its text changes and when it ends', () => {
  const reported: (string | undefined)[] = [];
  const faults = new Faults<'scan' | 'store'>((text) => reported.push(text));
  faults.set('scan', undefined);
  faults.set('scan', 'no such folder');
  faults.set('scan', 'no such folder');
  faults.set('store', 'the disk is full');
  faults.set('scan', undefined);
  faults.set('scan', undefined);
  faults.set('store', undefined);
  expect(reported).toEqual(['no such folder', 'no such folder; the disk is full', 'the disk is full', undefined]);
});

test('a fault is logged as an error once, and its end once', () => {
  const lines: string[] = [];
  const log = { error: (text: string) => lines.push(`error ${text}`), info: (text: string) => lines.push(text) };
  const note = faultLog(log as unknown as Log, 'there is room again');
  for (const text of [undefined, 'full', 'full', undefined, undefined, 'full']) note(text);
  expect(lines).toEqual(['error full', 'there is room again', 'error full']);
});

test('each key passes once per interval', () => {
  const limit = new RepeatLimit(1000);
  expect(limit.passes('a', 0)).toBe(true);
  expect(limit.passes('a', 999)).toBe(false);
  expect(limit.passes('b', 999)).toBe(true);
  expect(limit.passes('a', 1000)).toBe(true);
  expect(limit.passes('a', 1001)).toBe(false);
});
