import { expect, it, test } from 'vitest';
import { compileHoursEntry } from '../../../../daemon/core/compile/sections/hours.ts';
import { CompileContext } from '../../../../daemon/core/compile/context.ts';
import { placesOf, problemsOf } from '../../../support/compile.ts';

test.each([
  ['office: { days: mon-fry }', '2:19 hours.span', '`mon-fry` is not a weekday', 'did you mean `fri`?'],
  ['office: { days: [mon, funday] }', '2:25 hours.span', '`funday` is not a weekday', 'did you mean `sunday`?'],
  ['office: { days: 1-5 }', '2:19 hours.span', '`1-5` is not a weekday', 'write them like `mon-fri`'],
  ['office: { days: mon-wed-fri }', '2:19 hours.span', '`mon-wed-fri` is not a weekday', 'write them like `mon-fri`'],
  ['office: { days: "mon,,fri" }', '2:19 hours.span', 'a weekday is missing here', 'write them like `mon-fri`'],
  ['office: { days: [] }', '2:19 schema.empty', '`days` has too few entries', 'give at least 1'],
  [
    'office: { from: "25:00" }',
    '2:19 schema.format',
    '`from` does not have the required form',
    'write it like `"09:00"`',
  ],
  [
    'office: { from: "24:00" }',
    '2:19 schema.format',
    '`from` does not have the required form',
    'write it like `"09:00"`',
  ],
  ['office: { to: "18:60" }', '2:17 schema.format', '`to` does not have the required form', 'write it like `"18:00"`'],
  ['office: { from: 9 }', '2:19 schema.type', '`from` must be text, not a number', 'put it in quotes'],
  [
    'office: { from: "09:00", to: "09:00" }',
    '2:32 hours.span',
    '`from` and `to` are the same time',
    'for the whole day leave both out; otherwise give another `to`',
  ],
  [
    'office: { to: "00:00" }',
    '2:17 hours.span',
    '`from` and `to` are the same time',
    'for the whole day leave both out',
  ],
  [
    'office: { timezone: Europe/Berln }',
    '2:23 hours.span',
    'there is no such time zone',
    'did you mean `Europe/Berlin`?',
  ],
  [
    'office: { timezone: new york }',
    '2:23 hours.span',
    'there is no such time zone',
    'did you mean `America/New_York`?',
  ],
  ['office: { timezone: Nowhere }', '2:23 hours.span', 'there is no such time zone', 'use a name of the IANA list'],
  [
    'office: { dates: christmas }',
    '2:20 hours.span',
    '`christmas` is not a date or a range of dates',
    'write it as `2026-12-24`',
  ],
  [
    'office: { dates: [12-24, 02-30] }',
    '2:28 hours.span',
    'there is no day `02-30`',
    'choose a day that the month has',
  ],
  [
    'office: { dates: 2027-02-29 }',
    '2:20 hours.span',
    'there is no day `2027-02-29`',
    'choose a day that the month has',
  ],
  [
    'office: { dates: 2026-12-24..01-02 }',
    '2:20 hours.span',
    'one end of `2026-12-24..01-02` has a year, and the other has none',
    'give a year to both',
  ],
  [
    'office: { except_dates: 2027-01-02..2026-12-24 }',
    '2:27 hours.span',
    '`2027-01-02..2026-12-24` ends before it begins',
    'put the earlier date first',
  ],
  ['office: { dates: 01-01..02-01..03-01 }', '2:20 hours.span', '`01-01..02-01..03-01` is not a date', 'write it as'],
  [
    'office: { days: sat, dates: 2026-12-24 }',
    '2:31 hours.span',
    'there is no day on which this span begins',
    'it needs a day',
  ],
  [
    'office: { except_dates: 01-01..12-31 }',
    '2:27 hours.span',
    'there is no day on which this span begins',
    'it needs a day',
  ],
  [
    'office: { day: mon }',
    '2:13 schema.unknown_key',
    '`day` is not a setting of a span of hours',
    'did you mean `days`?',
  ],
  [
    'office: [{ days: mon }, { form: "09:00" }]',
    '2:29 schema.unknown_key',
    '`form` is not a setting of a span of hours',
    'did you mean `from`?',
  ],
  ['office: { days: sat,sun }', '2:23 hours.span', '`sun` is not part of `days`', 'such as `days: [..., sun]`'],
  [
    'office: { dates: 12-24,12-26 }',
    '2:26 hours.span',
    '`12-26` is not part of `dates`',
    'such as `dates: [..., 12-26]`',
  ],
  [
    'office: mon-fri',
    '2:11 schema.type',
    'a span of hours is a map of settings, not text',
    'write it like `{ days: mon-fri',
  ],
  ['office: []', '2:11 schema.empty', 'the hours `office` have no span', 'give at least one'],
  ['"of fice": {}', '2:3 hours.name', '`of fice` cannot be the name of hours', 'use letters'],
])('%s is a problem', (text, place, message, mend) => {
  const problems = problemsOf(`hours:\n  ${text}\n`);
  expect(placesOf(problems)).toEqual([place]);
  expect(problems[0]!.message).toContain(message);
  expect(problems[0]!.mend).toContain(mend);
});

it('the 29th of February is valid, and so is a date that is years ahead', () => {
  expect(
    problemsOf('hours: { a: { dates: 02-29 }, b: { days: sat, dates: 02-29 }, c: { dates: 2091-01-01 } }'),
  ).toEqual([]);
});

it('a value from a reference is not repeated', () => {
  const given = { days: 'hunter2', timezone: 'Europe/Berln', dates: 'hunter2' };
  const problems = problemsOfReferenced(given);
  expect(problems).toHaveLength(3);
  expect(JSON.stringify(problems)).not.toContain('hunter2');
  expect(problems.map(({ mend }) => mend)).not.toContain('did you mean `Europe/Berlin`?');
});

function problemsOfReferenced(given: unknown) {
  const context = new CompileContext({
    file: 'rules.yaml',
    data: { hours: { office: given } },
    referenced: () => true,
    locate: () => ({ line: 1, column: 1 }),
  });
  compileHoursEntry('office', given, context);
  return context.problems;
}
