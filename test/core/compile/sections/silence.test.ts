import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { compileSilenceText } from '../../../../daemon/core/compile/sections/silence.ts';
import { compileText, placesOf, problemsOf } from '../../../support/compile.ts';

const UNTIL = 'until: 2026-12-27T08:00:00Z';

/** Mistakes in a silence, with their places in the file and in the JSON, and their mends. */
const BAD: readonly (readonly [yaml: string, place: string, pointer: string, message: string, mend: string])[] = [
  [
    'match: { a: 1 }',
    '1:12 silence.settings',
    '',
    'the silence has no end',
    'give `until`, such as `2026-12-27T08:00:00+01:00`, or `recurring`',
  ],
  [UNTIL, '1:12 silence.settings', '', 'has neither `match` nor `if`', '`match: {}` matches everything'],
  [
    'match: {}, until: tomorrow',
    '1:32 silence.settings',
    '/until',
    'this is not a date and time',
    'write it as `2026-12-24T18:00` or with an offset',
  ],
  ['match: {}, until: 2026-02-30', '1:32 silence.settings', '/until', 'this is not a date and time', 'write it as'],
  [
    'match: {}, from: 2026-12-27, until: 2026-12-24',
    '1:50 silence.settings',
    '/until',
    '`until` is not after `from`',
    'give a later `until`',
  ],
  [
    'match: {}, from: 2026-12-24, until: 2026-12-24',
    '1:50 silence.settings',
    '/until',
    '`until` is not after `from`',
    'give a later `until`',
  ],
  [
    'match: {}, until: 2026-12-24, timezone: Asia/Shangai',
    '1:54 silence.settings',
    '/timezone',
    'there is no such time zone',
    'did you mean `Asia/Shanghai`?',
  ],
  ['match: {}, until: 5', '1:32 schema.type', '/until', '`until` must be text, not a number', 'put it in quotes'],
  [
    'match: {}, untill: 2026-12-24',
    '1:25 schema.unknown_key',
    '/untill',
    '`untill` is not a setting of a silence',
    'did you mean `until`?',
  ],
  ['match: { a: { prefx: p } }, until: 2026-12-24', '1:28 rule.match', '/match/a/prefx', '`prefx`', 'prefix'],
  [
    'match: web1, until: 2026-12-24',
    '1:21 schema.type',
    '/match',
    '`match` must be a map of settings, not text',
    'for example',
  ],
  [
    'if: data.host ==, until: 2026-12-24',
    '1:30 value.condition',
    '/if',
    '`if` is not a condition',
    'it is a CEL expression',
  ],
  [
    'match: {}, recurring: { cron: 0 22 * * sat }',
    '1:25 schema.missing',
    '/recurring',
    '`recurring` lacks `for`',
    'add it, for example `for: 6h`',
  ],
  [
    'match: {}, recurring: { cron: 0 22 * * sat, for: 0s }',
    '1:63 silence.settings',
    '/recurring/for',
    '`for` must be longer than 0s',
    'write it like `6h`',
  ],
  [
    'match: {}, recurring: { cron: 0 22 * * sat, for: -6h }',
    '1:63 value.format',
    '/recurring/for',
    '`for` is not a duration',
    'write it like',
  ],
  [
    'match: {}, recurring: { cron: 0 22 * * sat, for: 6 }',
    '1:63 value.unit',
    '/recurring/for',
    '`for` needs a unit',
    'write `6s`',
  ],
  [
    'match: {}, recurring: { cron: 0 22 * * sat, for: 1h, timezone: Mars }',
    '1:77 silence.settings',
    '/recurring/timezone',
    'there is no such time zone',
    'use a name of the IANA list',
  ],
  [
    'match: {}, recurring: { cron: 0 0 30 2 *, for: 6h }',
    '1:44 silence.settings',
    '/recurring/cron',
    'no date ever fits this pattern',
    'choose a day that the month has',
  ],
  [
    'match: {}, recurring: { cron: nightly, for: 6h }',
    '1:44 silence.settings',
    '/recurring/cron',
    'this is not a cron pattern: it has 1 fields',
    'write minute, hour, day, month, weekday',
  ],
  [
    'match: {}, recurring: { cron: 0 25 * * *, for: 6h }',
    '1:44 silence.settings',
    '/recurring/cron',
    'this is not a cron pattern: Invalid value for hour',
    'write minute, hour',
  ],
  [
    'match: {}, recurring: { cron: 0 * * * *, for: 1h }',
    '1:60 silence.settings',
    '/recurring/for',
    'each window lasts until the next one, without an end',
    'give a `for` that is shorter',
  ],
];

describe('a problem', () => {
  test.each(BAD)('of a file: { %s }', (yaml, place, _, message, mend) => {
    const problems = problemsOf(`silences: [{ ${yaml} }]`);
    expect(placesOf(problems)).toEqual([place]);
    expect(problems[0]!.message).toContain(message);
    expect(problems[0]!.mend).toContain(mend);
  });

  test.each(BAD)('of a posted silence: { %s }', (yaml, _, pointer, message, mend) => {
    const given = { id: 's1', ...(parse(`{ ${yaml} }`) as object) };
    const compiled = compileSilenceText(given);
    expect(compiled).toMatchObject({ ok: false, problems: [{ pointer }] });
    const [problem] = compiled.ok ? [] : compiled.problems;
    expect(problem!.message).toContain(message);
    expect(problem!.mend).toContain(mend);
  });

  it('is reported for each invalid part at once', () => {
    const given = { id: 's1', match: { a: { prefx: 'p' } }, until: 'never', recurring: { cron: 'x', for: '0s' } };
    const compiled = compileSilenceText(given);
    const pointers = compiled.ok ? [] : compiled.problems.map(({ pointer }) => pointer);
    expect(pointers.toSorted()).toEqual(['/match/a/prefx', '/recurring/cron', '/recurring/for', '/until']);
  });

  it.each([[null], ['all'], [[]], [7]])('is reported for a value that is not a map: %j', (given) => {
    const compiled = compileSilenceText(given);
    expect(compiled).toMatchObject({ ok: false, problems: [{ pointer: '' }] });
    expect(placesOf(problemsOf(`silences: [${JSON.stringify(given)}]`))).toEqual(['1:12 schema.type']);
  });

  it('does not repeat a value from a reference', () => {
    const text = 'silences: [{ match: { a: { regex: "hunter2(" } }, recurring: { cron: hunter2, for: 1h } }]';
    const { problems } = compileText(text, 'a.yaml', ['/silences/0/match/a/regex', '/silences/0/recurring/cron']);
    expect(problems).toHaveLength(2);
    expect(JSON.stringify(problems)).not.toContain('hunter2');
  });
});
