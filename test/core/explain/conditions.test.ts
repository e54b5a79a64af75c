import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import { type ConditionView, explainMatch } from '../../../daemon/core/explain/conditions.ts';
import { failureText } from '../../../daemon/core/explain/reasons.ts';
import type { Json } from '../../../daemon/core/values/json.ts';
import { compileMatch } from '../../../daemon/core/match/compile.ts';

function event(data: Json, more: Record<string, Json> = {}): Event {
  return { id: '1', source: 's', type: 't', time: '2026-11-23T08:00:00Z', data, ...more };
}

/** `✓ path operator expected < actual`, set in by its group. */
function lines(match: unknown, of: Event): string[] {
  return explainMatch(match, of).map(
    ({ path, operator, expected, actual, holds, missing, within }) =>
      `${within === undefined ? '' : `(${within}) `}${holds ? '✓' : '✗'} ${path} ${operator} ${JSON.stringify(expected)} < ${
        missing ? 'missing' : JSON.stringify(actual)
      }`,
  );
}

test('each operator of each field is a condition of its own', () => {
  const match = { type: 't', 'data.ms': { gt: 100, lt: 500 }, 'data.state': ['a', { prefix: 'b' }] };
  expect(lines(match, event({ ms: 50, state: 'bc' }))).toEqual([
    '✓ type equals "t" < "t"',
    '✗ data.ms gt 100 < 50',
    '✓ data.ms lt 500 < 50',
    '✓ data.state any_of ["a",{"prefix":"b"}] < "bc"',
  ]);
});

test('every operator has the name that the rule writes', () => {
  const match = {
    'data.a': {
      not: 'x',
      prefix: 'a',
      suffix: 'c',
      contains: 'b',
      glob: 'a*',
      regex: '^a',
      exists: true,
      equals_ignore_case: 'ABC',
    },
    'data.n': { gte: 1, lte: 1 },
    'data.ip': { cidr: '10.0.0.0/8' },
  };
  const rows = explainMatch(match, event({ a: 'abc', n: 1, ip: '10.1.1.1' }));
  expect(rows.map(({ operator }) => operator)).toEqual([
    ...Object.keys(match['data.a']),
    ...Object.keys(match['data.n']),
    'cidr',
  ]);
  expect(rows.filter(({ holds }) => !holds)).toEqual([]);
});

test('an absent field is missing, which differs from null', () => {
  const match = { 'data.a': null, 'data.b': null, 'data.c': { exists: false }, 'data.d': { not: 'x' } };
  expect(explainMatch(match, event({ a: null }))).toMatchObject([
    { actual: null, holds: true },
    { actual: null, missing: true, holds: false },
    { actual: null, missing: true, holds: true },
    { actual: null, missing: true, holds: true },
  ]);
  expect(explainMatch(match, event({ a: null }))[0]).not.toHaveProperty('missing');
});

test('a path through an array shows all its values', () => {
  const of = event({ items: [{ id: 1 }, { id: 2 }, {}], tags: ['x', 'y'] });
  expect(lines({ 'data.items.id': 2, 'data.items.0.id': 1, 'data.tags': 'y' }, of)).toEqual([
    '✓ data.items.id equals 2 < [1,2]',
    '✓ data.items.0.id equals 1 < 1',
    '✓ data.tags equals "y" < ["x","y"]',
  ]);
});

test('a group is a condition, and each of its entries, too', () => {
  const match = {
    any: [{ 'data.a': 1 }, { all: [{ 'data.b': 1, 'data.c': 1 }, { none: [{ 'data.d': 1 }] }] }],
    none: [{ 'data.a': 2 }],
  };
  expect(lines(match, event({ a: 2, b: 1, c: 1 }))).toEqual([
    '✓ any any "at least one" < "1 of 2"',
    '(any) ✗ any[0].data.a equals 1 < 2',
    '(any) ✓ any[1].all all "every one" < "2 of 2"',
    '(any[1].all) ✓ any[1].all[0].data.b equals 1 < 1',
    '(any[1].all) ✓ any[1].all[0].data.c equals 1 < 1',
    '(any[1].all) ✓ any[1].all[1].none none "not one" < "0 of 1"',
    '(any[1].all[1].none) ✗ any[1].all[1].none[0].data.d equals 1 < missing',
    '✗ none none "not one" < "1 of 1"',
    '(none) ✓ none[0].data.a equals 2 < 2',
  ]);
});

test.each<[string, Json, unknown]>([
  ['text', 'x'.repeat(200), 'x'.repeat(200)],
  ['long text', 'x'.repeat(201), `${'x'.repeat(199)}…`],
  ['a list', [1, 'a'], [1, 'a']],
  ['a long list', Array.from({ length: 5000 }, () => 1), `[${'1,'.repeat(99)}…`],
  ['a long map', { a: 'y'.repeat(300) }, `{"a":"${'y'.repeat(193)}…`],
  ['a character of two halves', `${'x'.repeat(198)}😀😀`, `${'x'.repeat(198)}…`],
  ['very long text', '\n'.repeat(1_000_000), `${'\n'.repeat(199)}…`],
])('%s is shown, as much of it as fits', (_what, value, shown) => {
  expect(explainMatch({ 'data.x': { exists: true } }, event({ x: value }))[0]!.actual).toEqual(shown);
});

test('secrets are removed before a value is cut', () => {
  const secret = 's3cret'.repeat(60);
  const hide = (text: string): string => text.replaceAll(secret, '***');
  for (const value of [`a ${secret} b`, [`a ${secret} b`, 'x'.repeat(300)], { [secret]: 'x'.repeat(300) }] as Json[]) {
    const rows = explainMatch({ 'data.x': { exists: true } }, event({ x: value }), hide);
    expect(JSON.stringify(rows)).not.toContain('s3cret');
    expect(JSON.stringify(rows)).toContain('***');
  }
});

const scalar = fc.constantFrom<unknown>('a', 'b', 'ab', '', 0, 1, 2, true, null, '10.1.2.3');
const texts = fc.oneof(fc.constantFrom('a', 'b', 'ab', ''), fc.array(fc.constantFrom('a', 'b'), { minLength: 1 }));
const { pattern } = fc.letrec<{ pattern: unknown }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalar,
    fc.array(tie('pattern'), { minLength: 1, maxLength: 3 }),
    fc
      .record(
        {
          not: tie('pattern'),
          exists: fc.boolean(),
          prefix: texts,
          suffix: texts,
          contains: texts,
          equals_ignore_case: fc.constantFrom('A', 'b'),
          glob: fc.constantFrom('a*', '?', '**'),
          regex: fc.constantFrom('^a', 'b$', '.'),
          cidr: fc.constant('10.0.0.0/8'),
          gt: fc.constantFrom<unknown>(0, 1, 'a'),
          gte: fc.constantFrom<unknown>(0, 1, 'a'),
          lt: fc.constantFrom<unknown>(1, 2, 'b'),
          lte: fc.constantFrom<unknown>(1, 2, 'b'),
        },
        { requiredKeys: [] },
      )
      .filter((map) => Object.keys(map).length > 0),
  ),
}));
const field = fc.constantFrom(
  'type',
  'subject',
  'data',
  'data.a',
  'data.b',
  'data.l',
  'data.l.0',
  'data.l.x',
  'data.a.b',
);
const { match } = fc.letrec<{ match: Record<string, unknown>; maps: Record<string, unknown>[] }>((tie) => ({
  maps: fc.array(tie('match'), { minLength: 1, maxLength: 3 }),
  match: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.dictionary(field, pattern, { maxKeys: 2 }),
    fc
      .tuple(
        fc.dictionary(field, pattern, { maxKeys: 2 }),
        fc.record({ any: tie('maps'), all: tie('maps'), none: tie('maps') }, { requiredKeys: [] }),
      )
      .map(([fields, groups]) => ({ ...fields, ...groups })),
  ),
}));
const value = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 2 }),
  fc.record({ x: scalar }),
  fc.jsonValue(),
) as fc.Arbitrary<Json>;
const data = fc.oneof(
  fc.dictionary(fc.constantFrom('a', 'b', 'l', 'a.b', '__proto__'), value),
  fc.jsonValue() as fc.Arbitrary<Json>,
) as fc.Arbitrary<Json>;

test('the conditions outside groups all hold exactly when the match does', () => {
  const seen = { true: 0, false: 0 };
  fc.assert(
    fc.property(match, data, fc.option(fc.constantFrom('a', 'ab')), (map, body, subject) => {
      const compiled = compileMatch(map);
      fc.pre(compiled.ok);
      const of = event(body, subject === null ? {} : { subject });
      const rows = explainMatch(map, of);
      const holds = compiled.matcher.holds(of);
      seen[`${holds}`] += 1;
      return (
        rows.every((row) => row.within !== undefined || row.holds) === holds &&
        rows.every((row) => failureText(row).length > 0)
      );
    }),
    { numRuns: 1000 },
  );
  expect(Math.min(seen.true, seen.false)).toBeGreaterThan(50);
});

test.each<[unknown, Json, string]>([
  [{ 'data.ms': { gt: 500 } }, { ms: 120 }, 'data.ms is 120, and must be gt 500'],
  [{ 'data.ms': 5 }, { ms: '5' }, 'data.ms is "5", and must be 5'],
  [{ 'data.s': ['a', 'b'] }, { s: 'c' }, 'data.s is "c", and must be one of "a", "b"'],
  [{ 'data.s': { not: 'c' } }, { s: 'c' }, 'data.s is "c", and must not be "c"'],
  [{ 'data.s': { prefix: 'a' } }, {}, 'data.s is missing, and must begin with "a"'],
  [{ 'data.s': { exists: true } }, {}, 'data.s is missing'],
  [{ 'data.s': { exists: false } }, { s: 1 }, 'data.s is there, and must not be'],
  [{ any: [{ 'data.s': 1 }, { 'data.s': 2 }] }, {}, '0 of 2 under any hold, and at least one must'],
  [{ none: [{ 'data.s': 1 }] }, { s: 1 }, '1 of 1 under none hold, and none may'],
])('%j says of %j what is wrong in words', (map, body, words) => {
  const failed = explainMatch(map, event(body)).find(({ holds }) => !holds) as ConditionView;
  expect(failureText(failed)).toBe(words);
});
