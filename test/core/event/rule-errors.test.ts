import { expect, test } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import { RuleErrorLimit } from '../../../daemon/core/event/rule-errors.ts';

const event: Event = { id: 'e1', source: 'api', type: 'disk.usage', time: '', data: null };
const result = { rule: 'disk-full', key: 'db1', outcome: 'error', errors: ['no such key', 'no title'] } as const;

test('errors of a rule are reported once a minute, with the number of those between', () => {
  const limit = new RuleErrorLimit();
  const data = {
    rule: 'disk-full',
    reason: 'no such key; no title',
    key: 'db1',
    event: 'e1',
    event_type: 'disk.usage',
  };
  expect(limit.noticeOf(event, result, 0)?.data).toEqual({ ...data, more: 0, mend: 'belfry explain e1' });
  for (const now of [1, 30_000, 59_999]) expect(limit.noticeOf(event, result, now)).toBeUndefined();
  expect(limit.noticeOf(event, { ...result, rule: 'other' }, 100)?.subject).toBe('other');
  expect(limit.noticeOf(event, result, 60_000)?.data).toMatchObject({ more: 3 });
  expect(limit.noticeOf(event, result, 120_000)?.data).toMatchObject({ more: 0 });
});

test('an error of a rule on an event of the daemon is not reported, because that event would cause the next one', () => {
  expect(new RuleErrorLimit().noticeOf({ ...event, source: 'belfry' }, result, 0)).toBeUndefined();
});

test('an event with too many hops does not hide the errors that others cause', () => {
  const limit = new RuleErrorLimit();
  const looped = { ...event, belfryhops: 11 };
  expect(limit.noticeOf(looped, result, 0)?.subject).toBe('disk-full');
  expect(limit.noticeOf(looped, result, 1)).toBeUndefined();
  expect(limit.noticeOf(event, result, 2)?.data).toMatchObject({ more: 0 });
});
