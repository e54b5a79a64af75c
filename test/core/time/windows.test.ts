import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recurringWindows } from '../../../daemon/core/time/windows.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(`${text}:00Z`);
const text = (ms: number | undefined): string | undefined =>
  ms === undefined ? undefined : new Date(ms).toISOString().slice(0, 16);

describe('windows', () => {
  it.each([
    // cron, for, zone, at, until, next
    ['0 22 * * sat', 6 * HOUR, 'UTC', '2026-11-27T12:00', undefined, '2026-11-28T22:00'],
    ['0 22 * * sat', 6 * HOUR, 'UTC', '2026-11-28T22:00', '2026-11-29T04:00', '2026-12-05T22:00'],
    ['0 22 * * sat', 6 * HOUR, 'UTC', '2026-11-29T03:59', '2026-11-29T04:00', '2026-12-05T22:00'],
    ['0 22 * * sat', 6 * HOUR, 'UTC', '2026-11-29T04:00', undefined, '2026-12-05T22:00'],
    ['0 22 * * sat', 6 * HOUR, 'Asia/Shanghai', '2026-11-28T14:00', '2026-11-28T20:00', '2026-12-05T14:00'],
    // Windows that overlap or touch are one.
    ['0 8,9,11 * * *', 90 * MINUTE, 'UTC', '2026-11-23T08:10', '2026-11-23T10:30', '2026-11-23T11:00'],
    ['0 8,9,11 * * *', HOUR, 'UTC', '2026-11-23T08:10', '2026-11-23T10:00', '2026-11-23T11:00'],
    ['0 8,9,11 * * *', 90 * MINUTE, 'UTC', '2026-11-23T09:15', '2026-11-23T10:30', '2026-11-23T11:00'],
    ['* * * * sat', MINUTE, 'UTC', '2026-11-28T10:00', '2026-11-29T00:00', '2026-12-05T00:00'],
    ['*/5 * * * sat', 3 * HOUR, 'UTC', '2026-11-28T10:00', '2026-11-29T02:55', '2026-12-05T00:00'],
    // The hour that is skipped, and the one that is repeated.
    ['30 2 * * *', HOUR, 'Europe/Berlin', '2026-03-29T01:00', '2026-03-29T02:00', '2026-03-30T00:30'],
    ['30 2 * * *', HOUR, 'Europe/Berlin', '2026-10-25T00:30', '2026-10-25T01:30', '2026-10-26T01:30'],
    ['30 2 * * *', HOUR, 'Europe/Berlin', '2026-10-25T01:30', undefined, '2026-10-26T01:30'],
    ['30 1 * * *', 3 * HOUR, 'Europe/Berlin', '2026-10-24T23:30', '2026-10-25T02:30', '2026-10-26T00:30'],
    ['45 1 * * *', HOUR, 'Australia/Lord_Howe', '2026-04-04T14:45', '2026-04-04T15:45', '2026-04-05T15:15'],
    ['10 2 * * *', HOUR, 'Australia/Lord_Howe', '2026-10-03T15:30', '2026-10-03T16:30', '2026-10-04T15:10'],
    ['30 1 * * *', HOUR, 'America/New_York', '2026-11-01T05:30', '2026-11-01T06:30', '2026-11-02T06:30'],
  ])('of `%s` for %d ms in %s at %s', (cron, length, zone, moment, until, next) => {
    const windows = recurringWindows(cron, length, zone);
    expect(text(windows.activeUntil(at(moment)))).toBe(until);
    expect(text(windows.next(at(moment)))).toBe(next);
  });

  it.each([
    ['* * * * *', MINUTE],
    ['*/5 * * * *', 30 * DAY],
    ['* * * * * *', 1000],
    ['0 0 * * *', DAY],
    ['0 0 1 * *', 40 * DAY],
  ])('of `%s` for %d ms never close: they are open for now, and there is no next one', (cron, length) => {
    const windows = recurringWindows(cron, length, 'UTC');
    const now = at('2026-11-28T10:00');
    expect(windows.activeUntil(now)).toBeGreaterThan(now);
    expect(windows.next(now)).toBeUndefined();
  });

  it('of an invalid pattern are an error', () => {
    expect(() => recurringWindows('every day', HOUR, 'UTC')).toThrow('2 fields');
    expect(() => recurringWindows('0 25 * * *', HOUR, 'UTC')).toThrow('hour: 25');
  });

  it('give the same results in any order of calls, equal to the due times of the pattern', () => {
    const minute = fc.integer({ min: 0, max: 3 * 24 * 60 });
    const begin = at('2026-10-23T12:00');
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 23 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 1, max: 7 * 60 }),
        fc.array(minute, { minLength: 3, maxLength: 10 }),
        (hours, minutes, moments) => {
          const length = minutes * MINUTE;
          const windows = recurringWindows(`15 ${hours.join(',')} * * *`, length, 'UTC');
          const open = (ms: number): boolean =>
            hours.some((hour) =>
              [-1, 0].some((day) => {
                const due = Math.floor(ms / DAY + day) * DAY + hour * HOUR + 15 * MINUTE;
                return due <= ms && ms < due + length;
              }),
            );
          for (const moment of moments) {
            const now = begin + moment * MINUTE;
            const until = windows.activeUntil(now);
            expect(until !== undefined).toBe(open(now));
            if (until === undefined) {
              const next = windows.next(now)!;
              expect(open(next)).toBe(true);
              for (let ms = now; ms < next; ms += MINUTE) expect(open(ms)).toBe(false);
            } else if (windows.next(now) !== undefined) {
              for (let ms = now; ms < until; ms += MINUTE) expect(open(ms)).toBe(true);
              expect(open(until)).toBe(false);
            }
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});
