import { describe, expect, it, test } from 'vitest';
import { allowed, allowedUntil, nextAllowed } from '../../../daemon/core/time/hours.ts';
import { rulesetOf } from '../../support/compile.ts';
import { hoursOf, stretchesOf } from '../../support/hours.ts';

const DAY = 86_400_000;
const at = (text: string): number => Date.parse(text);

describe('a span on the day on which the clock is changed', () => {
  it.each([
    ['from before the skipped hour until after it', 'sun 01:00 04:00 Europe/Berlin', '2026-03-29T00:00 - 02:00'],
    ['from within the skipped hour', 'sun 02:30 04:00 Europe/Berlin', '2026-03-29T01:00 - 02:00'],
    ['until within the skipped hour', 'sun 01:00 02:30 Europe/Berlin', '2026-03-29T00:00 - 01:00'],
    ['of the skipped hour', 'sun 02:00 03:00 Europe/Berlin', '2026-03-29T01:00 - 02:00'],
    ['within the skipped hour', 'sun 02:15 02:45 Europe/Berlin', '2026-03-29T01:00 - 01:30'],
    ['over the night before', 'sat 22:00 06:00 Europe/Berlin', '2026-03-28T21:00 - 2026-03-29T04:00'],
    ['of the whole day', 'sun 00:00 24:00 Europe/Berlin', '2026-03-28T23:00 - 2026-03-29T22:00'],
    ['from within the skipped hour', 'sun 02:30 04:00 America/New_York', '2026-03-08T07:00 - 08:00'],
    ['until within the skipped hour', 'sun 00:00 02:15 America/New_York', '2026-03-08T05:00 - 07:00'],
    ['within the skipped half hour', 'sun 02:10 02:20 Australia/Lord_Howe', '2026-10-03T15:30 - 15:40'],
    ['from within the skipped half hour', 'sun 02:10 03:00 Australia/Lord_Howe', '2026-10-03T15:30 - 16:00'],
    ['where no clock is changed', 'sun 02:00 03:00 Asia/Shanghai', '2026-03-28T18:00 - 19:00'],
  ])('in spring: %s (%s)', expectStretch);

  it.each([
    [
      'from before the repeated hour until after it',
      'sun 01:00 04:00 Europe/Berlin',
      '2026-10-24T23:00 - 2026-10-25T03:00',
    ],
    ['within the repeated hour', 'sun 02:30 02:45 Europe/Berlin', '2026-10-25T00:30 - 00:45'],
    ['of the repeated hour', 'sun 02:00 03:00 Europe/Berlin', '2026-10-25T00:00 - 02:00'],
    ['until within the repeated hour', 'sun 01:00 02:30 Europe/Berlin', '2026-10-24T23:00 - 2026-10-25T00:30'],
    ['from within the repeated hour', 'sun 02:30 04:00 Europe/Berlin', '2026-10-25T00:30 - 03:00'],
    ['over the night before', 'sat 22:00 06:00 Europe/Berlin', '2026-10-24T20:00 - 2026-10-25T05:00'],
    ['of the whole day', 'sun 00:00 24:00 Europe/Berlin', '2026-10-24T22:00 - 2026-10-25T23:00'],
    ['from within the repeated hour', 'sun 01:30 02:30 America/New_York', '2026-11-01T05:30 - 07:30'],
    ['until within the repeated hour', 'sun 00:00 01:30 America/New_York', '2026-11-01T04:00 - 05:30'],
    ['from within the repeated half hour', 'sun 01:45 03:00 Australia/Lord_Howe', '2026-04-04T14:45 - 16:30'],
    ['within the repeated half hour', 'sun 01:40 01:50 Australia/Lord_Howe', '2026-04-04T14:40 - 14:50'],
    ['where no clock is changed', 'sun 01:00 02:00 Asia/Shanghai', '2026-10-24T17:00 - 18:00'],
  ])('in autumn: %s (%s)', expectStretch);

  function expectStretch(_: string, span: string, stretch: string): void {
    const [days, from, to, timezone] = span.split(' ');
    const hours = hoursOf(`{ days: ${days}, from: "${from}", to: "${to}", timezone: ${timezone} }`);
    const day = at(`${stretch.slice(0, 10)}T00:00:00Z`);
    expect(stretchesOf(hours, day - DAY / 2, day + 2 * DAY)).toEqual([stretch]);
  }

  it('joins one that follows it within the repeated hour without a gap', () => {
    const hours = hoursOf(
      '[{ from: "01:00", to: "02:30", timezone: Europe/Berlin }, { from: "02:30", to: "04:00", timezone: Europe/Berlin }]',
    );
    expect(stretchesOf(hours, at('2026-10-24T12:00Z'), at('2026-10-25T12:00Z'))).toEqual([
      '2026-10-24T23:00 - 2026-10-25T03:00',
    ]);
  });

  it('does not exist on a day that the calendar skipped', () => {
    const hours = hoursOf('{ days: fri, timezone: Pacific/Apia }');
    expect(stretchesOf(hours, at('2011-12-28T00:00Z'), at('2012-01-03T00:00Z'))).toEqual([]);
  });
});

test.each([
  ['mon-fri', 'mon tue wed thu fri'],
  ['"sat,sun"', 'sun sat'],
  ['[mon, wed-fri]', 'mon wed thu fri'],
  ['"mon-fri,sun"', 'sun mon tue wed thu fri'],
  ['fri-mon', 'sun mon fri sat'],
  ['Monday - Wednesday', 'mon tue wed'],
  ['tue-tue', 'tue'],
  ['[sat]', 'sat'],
])('days: %s', (days, names) => {
  const hours = hoursOf(`{ days: ${days}, from: "12:00", to: "13:00", timezone: UTC }`);
  const week = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
  // The 22nd is a Sunday.
  const found = week.filter((_, index) => hours.active(at('2026-11-22T12:30:00Z') + index * DAY));
  expect(found.join(' ')).toBe(names);
});

describe('a span', () => {
  it('holds from its beginning until before its end', () => {
    const hours = hoursOf('{ from: "09:00", to: "18:00", timezone: Asia/Shanghai }');
    expect(hours.active(at('2026-11-23T01:00:00Z') - 1)).toBe(false);
    expect(hours.active(at('2026-11-23T01:00:00Z'))).toBe(true);
    expect(hours.active(at('2026-11-23T10:00:00Z') - 1)).toBe(true);
    expect(hours.active(at('2026-11-23T10:00:00Z'))).toBe(false);
  });

  it('lasts until midnight with `to: 24:00`, and joins a span that begins then', () => {
    const hours = hoursOf(
      '[{ days: mon, from: "22:00", to: "24:00", timezone: UTC }, { days: tue, to: "01:00", timezone: UTC }]',
    );
    expect(stretchesOf(hours, at('2026-11-23T00:00Z'), at('2026-11-25T00:00Z'))).toEqual([
      '2026-11-23T22:00 - 2026-11-24T01:00',
    ]);
  });

  it('over midnight belongs to the day on which it begins', () => {
    const hours = hoursOf('{ days: fri, from: "22:00", to: "06:00", timezone: UTC }');
    expect(stretchesOf(hours, at('2026-11-23T00:00Z'), at('2026-11-30T00:00Z'))).toEqual([
      '2026-11-27T22:00 - 2026-11-28T06:00',
    ]);
  });

  it('without times is the whole day, and without days every day', () => {
    const always = hoursOf('{ timezone: Europe/Berlin }');
    expect([always.active(at('2026-03-29T01:00:00Z')), always.active(at('2026-10-25T01:30:00Z'))]).toEqual([
      true,
      true,
    ]);
    expect(always.nextTransition(at('2026-03-29T01:00:00Z'))).toBeUndefined();
    expect(
      stretchesOf(hoursOf('{ days: sun, timezone: UTC }'), at('2026-11-20T00:00Z'), at('2026-11-25T00:00Z')),
    ).toEqual(['2026-11-22T00:00 - 2026-11-23T00:00']);
  });

  it('without a zone goes by the clock of the machine', () => {
    const own = new Intl.DateTimeFormat().resolvedOptions().timeZone;
    const [given, left] = [`{ to: "12:00", timezone: ${own} }`, '{ to: "12:00" }'].map((text) =>
      stretchesOf(hoursOf(text), at('2026-03-25T00:00Z'), at('2026-04-02T00:00Z')),
    );
    expect(left).toEqual(given);
  });

  it('may be one of several in different zones', () => {
    const hours = hoursOf(
      '[{ from: "09:00", to: "17:00", timezone: Asia/Shanghai }, { from: "09:00", to: "17:00", timezone: Europe/Berlin }]',
    );
    expect(stretchesOf(hours, at('2026-11-23T00:00Z'), at('2026-11-24T00:00Z'))).toEqual(['2026-11-23T01:00 - 16:00']);
  });
});

describe('dates', () => {
  const daysOf = (yaml: string, from: string, until: string): string[] =>
    stretchesOf(hoursOf(yaml), at(from), at(until)).map((stretch) => stretch.slice(0, 10));

  it.each([
    ['of one year', '{ dates: 2026-12-24, to: "01:00", timezone: UTC }', ['2026-12-24']],
    ['of every year', '{ dates: 12-24, to: "01:00", timezone: UTC }', ['2026-12-24', '2027-12-24', '2028-12-24']],
    [
      'several',
      '{ dates: [2027-05-01, 12-31], to: "01:00", timezone: UTC }',
      ['2026-12-31', '2027-05-01', '2027-12-31', '2028-12-31'],
    ],
    [
      'several in one text',
      '{ dates: "2027-05-01, 2027-05-03", to: "01:00", timezone: UTC }',
      ['2027-05-01', '2027-05-03'],
    ],
    [
      'from one to another over New Year',
      '{ dates: 2027-12-30..2028-01-02, to: "01:00", timezone: UTC }',
      ['2027-12-30', '2027-12-31', '2028-01-01', '2028-01-02'],
    ],
    [
      'only those that are among the weekdays',
      '{ days: sat-sun, dates: 2027-12-30..2028-01-02, to: "01:00", timezone: UTC }',
      ['2028-01-01', '2028-01-02'],
    ],
    ['the 29th of February', '{ dates: 02-29, to: "01:00", timezone: UTC }', ['2028-02-29']],
  ])('%s', (_, yaml, days) => {
    const hours = hoursOf(yaml);
    const found: string[] = [];
    for (let day = at('2026-11-23T00:00:00Z'); day < at('2029-01-01T00:00:00Z'); day += DAY)
      if (hours.active(day)) found.push(new Date(day).toISOString().slice(0, 10));
    expect(found).toEqual(days);
  });

  it('of every year go over New Year', () => {
    expect(
      daysOf('{ dates: 12-31..01-02, to: "01:00", timezone: UTC }', '2026-11-23T00:00Z', '2027-06-01T00:00Z'),
    ).toEqual(['2026-12-31', '2027-01-01', '2027-01-02']);
  });

  it('are those on which the span begins, on the clock of its zone', () => {
    const hours = hoursOf('{ dates: 2026-12-24, from: "22:00", to: "02:00", timezone: Asia/Shanghai }');
    expect(stretchesOf(hours, at('2026-12-20T00:00Z'), at('2026-12-30T00:00Z'))).toEqual(['2026-12-24T14:00 - 18:00']);
  });

  it('of `except_dates` are left out', () => {
    const yaml =
      '{ days: mon-fri, except_dates: [12-24..12-26, 2026-12-22], from: "09:00", to: "17:00", timezone: UTC }';
    expect(daysOf(yaml, '2026-12-20T00:00Z', '2026-12-29T00:00Z')).toEqual(['2026-12-21', '2026-12-23', '2026-12-28']);
  });
});

describe('the next change', () => {
  it('is found up to 400 days ahead', () => {
    const hours = hoursOf('{ dates: 2028-03-01, timezone: UTC }');
    const begin = at('2028-03-01T00:00:00Z');
    expect(hours.nextTransition(begin - 400 * DAY)).toBe(begin);
    expect(hours.nextTransition(begin - 400 * DAY - 1)).toBeUndefined();
  });

  it('is found later when it was too far ahead before', () => {
    const hours = hoursOf('{ dates: 2030-03-01, timezone: UTC }');
    for (let day = at('2026-11-23T00:00:00Z'); day < at('2030-03-01T00:00:00Z'); day += 50 * DAY) {
      expect(hours.active(day)).toBe(false);
      hours.nextTransition(day);
    }
    expect(hours.active(at('2030-03-01T12:00:00Z'))).toBe(true);
    expect(hours.nextTransition(at('2030-02-01T00:00:00Z'))).toBe(at('2030-03-01T00:00:00Z'));
  });

  it('is strictly after the given time', () => {
    const hours = hoursOf('{ from: "09:00", to: "18:00", timezone: UTC }');
    expect(hours.nextTransition(at('2026-11-23T09:00:00Z'))).toBe(at('2026-11-23T18:00:00Z'));
    expect(hours.nextTransition(at('2026-11-23T09:00:00Z') - 1)).toBe(at('2026-11-23T09:00:00Z'));
  });
});

describe('what is allowed', () => {
  const { hours } = rulesetOf(`hours:
  office: { days: mon-fri, from: "09:00", to: "18:00", timezone: UTC }
  saturday: { days: sat, from: "10:00", to: "12:00", timezone: UTC }
  lunch: { from: "12:00", to: "13:00", timezone: UTC }
  always: {}
`);
  const named = (names: string) => names.split(' ').flatMap((name) => hours.get(name) ?? []);

  it.each([
    // during, not_during, at, allowed, until, next
    ['', '', '2026-11-23T03:00', true, undefined, '2026-11-23T03:00'],
    ['office', '', '2026-11-23T03:00', false, undefined, '2026-11-23T09:00'],
    ['office', '', '2026-11-23T10:00', true, '2026-11-23T18:00', '2026-11-23T10:00'],
    ['office saturday', '', '2026-11-27T18:00', false, undefined, '2026-11-28T10:00'],
    ['office', 'lunch', '2026-11-23T12:30', false, undefined, '2026-11-23T13:00'],
    ['office', 'lunch', '2026-11-23T11:00', true, '2026-11-23T12:00', '2026-11-23T11:00'],
    ['', 'office lunch', '2026-11-28T11:00', true, '2026-11-28T12:00', '2026-11-28T11:00'],
    ['', 'always', '2026-11-23T03:00', false, undefined, undefined],
    ['lunch', 'office lunch', '2026-11-23T12:30', false, undefined, undefined],
    ['always', '', '2026-11-23T03:00', true, undefined, '2026-11-23T03:00'],
  ])('during [%s], not during [%s], at %s', (during, notDuring, moment, inside, until, next) => {
    const now = at(`${moment}:00Z`);
    const ms = (text: string | undefined) => (text === undefined ? undefined : at(`${text}:00Z`));
    expect(allowed(now, named(during), named(notDuring))).toBe(inside);
    expect(allowedUntil(now, named(during), named(notDuring))).toBe(ms(until));
    // Where it is allowed already it still is in the next millisecond.
    expect(nextAllowed(now, named(during), named(notDuring))).toBe(inside ? now + 1 : ms(next));
  });
});
