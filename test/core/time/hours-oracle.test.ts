import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileHours, type HoursSpan } from '../../../daemon/core/time/hours.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const EVERY_DAY: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6]);
const at = (text: string): number => Date.parse(text);

describe('agrees with a naive walk over the minutes', () => {
  const zones = [
    'Europe/Berlin',
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Shanghai',
    'America/Havana',
    'Africa/Cairo',
  ];
  const days = [
    '2026-03-29',
    '2026-10-25',
    '2026-03-08',
    '2026-11-01',
    '2026-04-04',
    '2026-04-05',
    '2026-10-03',
    '2026-10-04',
    '2026-04-24',
    '2026-10-29',
    '2026-10-30',
    '2026-11-23',
    '2028-02-29',
    '2026-12-31',
  ];
  /** Two days are compared, and as many as a span may have begun before are looked at. */
  const SPAN = 2 * 24 * 60;
  const BEFORE = 3 * 24 * 60;

  const minute = fc.oneof(fc.integer({ min: 0, max: 4 * 60 }), fc.integer({ min: 0, max: 24 * 60 - 1 }));
  const spans = fc.array(
    fc.record({
      days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }).map((list) => new Set(list)),
      from: minute,
      length: fc.oneof(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 24 * 60 })),
      timezone: fc.constantFrom(...zones),
    }),
    { minLength: 1, maxLength: 3 },
  );

  it('on the active times, and on the next transition', () => {
    fc.assert(
      fc.property(spans, fc.constantFrom(...days), (given, day) => {
        const written: HoursSpan[] = given.map(({ length, ...span }) => ({ ...span, to: span.from + length }));
        const begin = at(`${day}T00:00:00Z`) - DAY / 2;
        const wanted = oracle(written, begin - BEFORE * MINUTE, BEFORE + SPAN).slice(BEFORE);
        const hours = compileHours('h', written);
        expect(wanted.map((_, index) => hours.active(begin + index * MINUTE))).toEqual(wanted);
        for (let index = 0; index < SPAN; index += 7) {
          const change = wanted.findIndex((active, later) => later > index && active !== wanted[index]);
          const now = begin + index * MINUTE + (index % MINUTE);
          const next = hours.nextTransition(now);
          if (change !== -1) expect(next).toBe(begin + change * MINUTE);
          else expect(next ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(begin + SPAN * MINUTE);
        }
      }),
      { numRuns: 150 },
    );
  });

  /** Whether each minute is in a span: from the first that shows its beginning or later, until the first that shows its end or later. */
  function oracle(list: readonly HoursSpan[], begin: number, count: number): boolean[] {
    const active = Array.from({ length: count }, () => false);
    for (const { days: weekdays, from, to, timezone } of list) {
      const walls = wallsOf(timezone, begin, count);
      const first = (wall: number): number => {
        const index = walls.findIndex((shown) => shown >= wall);
        return index === -1 ? count : index;
      };
      for (const midnight of new Set(walls.map((wall) => Math.floor(wall / DAY) * DAY))) {
        if (!weekdays.has(new Date(midnight).getUTCDay()) || first(midnight) === 0) continue;
        const start = first(midnight + from * MINUTE);
        const end = first(midnight + to * MINUTE);
        active.fill(true, start, end > start ? end : start + to - from);
      }
    }
    return active;
  }

  const known = new Map<string, number[]>();

  /** Local time of each minute, as if it were UTC. */
  function wallsOf(timezone: string, begin: number, count: number): number[] {
    const key = `${timezone} ${begin} ${count}`;
    const walls = known.get(key) ?? readWalls(timezone, begin, count);
    known.set(key, walls);
    return walls;
  }

  function readWalls(timezone: string, begin: number, count: number): number[] {
    const format = new Intl.DateTimeFormat('sv-SE', { timeZone: timezone, dateStyle: 'short', timeStyle: 'short' });
    return Array.from({ length: count }, (_, index) =>
      Date.parse(`${format.format(begin + index * MINUTE).replace(' ', 'T')}:00Z`),
    );
  }
});

it('gives the same results in any order of calls', () => {
  const moments = fc.array(fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2034-01-01T00:00:00Z') }), {
    minLength: 2,
    maxLength: 12,
  });
  const spans: HoursSpan[] = [
    { days: new Set([1, 2, 3, 4, 5]), from: 540, to: 1080, timezone: 'Europe/Berlin' },
    {
      days: EVERY_DAY,
      from: 1320,
      to: 1800,
      timezone: 'America/New_York',
      dates: [{ yearly: true, from: 1220, to: 105 }],
    },
    { days: EVERY_DAY, from: 0, to: 1440, timezone: 'UTC', dates: [{ yearly: false, from: 20290101, to: 20300601 }] },
  ];
  fc.assert(
    fc.property(moments, (list) => {
      const used = compileHours('used', spans);
      for (const moment of list) {
        const fresh = compileHours('fresh', spans);
        expect(used.active(moment)).toBe(fresh.active(moment));
        expect(used.nextTransition(moment)).toBe(fresh.nextTransition(moment));
      }
    }),
    { numRuns: 60 },
  );
});
