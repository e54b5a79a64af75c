import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { readDates } from '../../../../daemon/core/time/calendar-dates.ts';
import { cronTimes, isTimezone, readInstant } from '../../../../daemon/core/time/due-times.ts';
import { readExpiry } from '../../../../daemon/core/time/expiry.ts';
import { count, resolveTime, TIME_OR_AGO, timeText } from '../../../../daemon/core/values/value-kind.ts';
import { formatDuration, parseDuration, parseRate, parseSize } from '../../../../daemon/lib/time/duration.ts';
import { retryAfterOf } from '../../../../daemon/channels/kit/http/failures.ts';
import { near } from '../hostile.ts';
import { fuzzed } from '../parser.ts';

const DIGITS = ['0', '1', '9', '12', '60', '.5', '99999999999999999999'];
const UNITS = ['ms', 's', 'm', 'h', 'd', 'w', ' ', 'µs'];
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Etc/GMT+12',
];
const TIMES = [
  '2026-11-23',
  '2026-11-23T09:00',
  '2026-11-23 09:00:00.5Z',
  '2026-11-23T09:00:00+08:00',
  '0000-01-01',
  '9999-12-31T23:59:60Z',
  '2024-02-29',
  '1582-10-10T00:00',
];
const NOW = Date.UTC(2026, 10, 23);
const CRONS = [
  '0 9 * * *',
  '*/5 * * * 1-5',
  '0 0 29 2 *',
  '0 0 31 2 *',
  '30 2 * * SUN#2',
  '0 0 L * *',
  '@daily',
  '@hourly',
  '1 2 3 4 5 6',
  '0-59/7 1,2,3 ? JAN-MAR MON',
];

/** Durations are whole milliseconds that JavaScript keeps exactly, and the same when they are written and read again. */
export const durations = (parse: typeof parseDuration) =>
  fuzzed({
    name: 'duration',
    generate: near([...DIGITS, ...UNITS], ['1h30m', '10s', '0', '250ms', '1.5d']),
    run: parse,
    check(ms, text) {
      if (ms === undefined) return;
      assert.ok(Number.isSafeInteger(ms) && ms >= 0, `${ms} is not a duration`);
      assert.equal(parse(formatDuration(ms)), ms);
      assert.equal(text.trim(), text);
    },
  });

export const times = [
  durations(parseDuration),
  fuzzed({
    name: 'rate',
    generate: near([...DIGITS, '/', ...UNITS], ['20/1m', '5/s', '1/1h30m']),
    run: parseRate,
    check(rate) {
      if (rate === undefined) return;
      for (const part of [rate.count, rate.per])
        assert.ok(Number.isSafeInteger(part) && part > 0, `${part} is not a part of a rate`);
      assert.deepEqual(parseRate(`${rate.count}/${formatDuration(rate.per)}`), rate);
    },
  }),
  fuzzed({
    name: 'size',
    generate: near(
      [...DIGITS, ' ', 'B', 'kB', 'KiB', 'MB', 'MiB', 'TiB', 'toString', '__proto__'],
      ['64KiB', '1.5 GB', '10'],
    ),
    run: parseSize,
    check(bytes) {
      if (bytes === undefined) return;
      assert.ok(Number.isSafeInteger(bytes) && bytes >= 0, `${bytes} is not a size`);
      assert.equal(parseSize(`${bytes}B`), bytes);
    },
  }),
  fuzzed({
    name: 'cron',
    share: 0.3,
    generate: fc.record({
      pattern: near(
        ['*', ' ', '/', '-', ',', '5', '0', '59', '31', 'L', 'W', '#', 'MON', 'JAN', '?', '@yearly', '+'],
        CRONS,
      ),
      zone: fc.constantFrom(...ZONES),
    }),
    run({ pattern, zone }) {
      const due = cronTimes(pattern, zone);
      const first = due.next(NOW);
      return [first, first === undefined ? undefined : due.next(first)];
    },
    refuses: (error) => error instanceof Error && error.message.length > 0 && !/call stack/.test(error.message),
    check([first, second]) {
      if (first === undefined) return;
      assert.ok(Number.isSafeInteger(first) && first > NOW, `${first} is not after the given time`);
      assert.ok(second === undefined || second > first, `${second} is not after ${first}`);
    },
  }),
  fuzzed({
    name: 'timezone',
    generate: near(['Europe', '/', 'Berlin', 'UTC', '+', '05', ':30', 'Etc', 'GMT'], ZONES),
    run: (text) => ({ isZone: isTimezone(text), text }),
    check({ isZone, text }) {
      if (isZone) assert.equal(typeof readInstant('2026-11-23T09:00', text), 'number');
    },
  }),
  fuzzed({
    name: 'instant',
    share: 0.5,
    generate: fc.record({
      text: near(['2026', '-', '11', '23', 'T', ' ', '09', ':', '00', 'Z', '+08:00', '.5'], TIMES),
      zone: fc.constantFrom(...ZONES),
    }),
    run: ({ text, zone }) => readInstant(text, zone),
    check(at) {
      if (at === undefined) return;
      assert.ok(Number.isSafeInteger(at) && Math.abs(at) <= 8.64e15, `${at} is not an instant`);
      const year = new Date(at).getUTCFullYear();
      if (year > 0 && year < 10_000) assert.equal(readInstant(new Date(at).toISOString(), 'UTC'), at);
    },
  }),
  fuzzed({
    name: 'dates',
    generate: near(
      ['2026', '-', '12', '24', '..', ' ', '02', '30'],
      ['2026-12-24', '12-24', '12-24..01-02', '2026-12-24..2027-01-02'],
    ),
    run: readDates,
    check(read) {
      if (read.ok) assert.ok(Number.isSafeInteger(read.range.from) && Number.isSafeInteger(read.range.to));
      else assert.ok(read.message !== '' && read.mend !== '');
    },
  }),
  fuzzed({
    name: 'time-or-ago',
    generate: near([...DIGITS, ...UNITS, '-', ':', 'T'], [...TIMES, '2h', '1h30m']),
    run: TIME_OR_AGO.read,
    check(time) {
      if (time === undefined) return;
      assert.ok(Number.isSafeInteger(resolveTime(time, NOW)));
      const written = TIME_OR_AGO.read(timeText(time));
      if (!('at' in time) || (time.at > 0 && time.at < Date.UTC(9999, 0))) assert.deepEqual(written, time);
    },
  }),
  fuzzed({
    name: 'token-expiry',
    generate: near(['2026-11-23', 'T', '09:00', 'Z', '+08:00'], TIMES),
    run: readExpiry,
    check: (at) => assert.ok(at === undefined || Number.isSafeInteger(at)),
  }),
  fuzzed({
    name: 'count',
    generate: near(DIGITS, ['1', '50', '1000']),
    run: count(1, 1000).read,
    check: (read) => assert.ok(read === undefined || (Number.isInteger(read) && read >= 1 && read <= 1000)),
  }),
  fuzzed({
    name: 'retry-after',
    generate: near(
      [...DIGITS, 'GMT', ',', 'Wed', ' ', ':'],
      ['120', '1.5', 'Wed, 21 Oct 2026 07:28:00 GMT', 'Wednesday, 21-Oct-26 07:28:00 GMT', 'Wed Oct 21 07:28:00 2026'],
    ),
    run: (text) => retryAfterOf(text, NOW),
    check: (ms) =>
      assert.ok(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0 && ms <= 86_400_000), `${ms} is not a pause`),
  }),
];
