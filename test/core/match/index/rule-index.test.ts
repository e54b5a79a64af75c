import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../../../daemon/core/event/event.ts';
import type { Json } from '../../../../daemon/core/values/json.ts';
import { compileMatch } from '../../../../daemon/core/match/compile.ts';
import { buildIndex } from '../../../../daemon/core/match/index/rule-index.ts';
import type { CompiledRule, Template } from '../../../../daemon/core/ruleset.ts';

const key: Template = { source: '', render: () => ({ text: '' }) };

function rule(name: string, match: unknown, more: Partial<CompiledRule> = {}): CompiledRule {
  const compiled = compileMatch(match);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  const { matcher } = compiled;
  return {
    name,
    enabled: true,
    catchAll: false,
    matcher,
    match,
    onError: 'skip',
    key,
    message: {},
    keyReadsNow: false,
    steps: [],
    notify: [],
    ...more,
  };
}

function event(data: Json, type = 't', more: Readonly<Record<string, Json>> = {}): Event {
  return { id: '1', source: 's', type, time: '2026-11-23T08:00:00Z', data, ...more };
}

function found(rules: readonly CompiledRule[], of: Event, origin = 'api'): string[] {
  return [...buildIndex(rules).lookup(of, origin)].map(({ name }) => name);
}

test('an event finds the one rule of 10,000 that its values match', () => {
  const rules = Array.from({ length: 10_000 }, (_, index) =>
    rule(`r${index}`, { type: 't', 'data.repo': `repo-${index}` }),
  );
  expect(found(rules, event({ repo: 'repo-77' }))).toEqual(['r77']);
  expect(found(rules, event({ repo: 'elsewhere' }))).toEqual([]);
});

test.each<[string, (index: number) => Record<string, unknown>, Json]>([
  ['value', (index) => ({ 'data.x': index }), { x: 77 }],
  ['list of patterns', (index) => ({ 'data.x': [`a${index}`, { prefix: `b${index}-` }] }), { x: 'b77-1' }],
  ['prefix', (index) => ({ 'data.x': { prefix: [`team-${index}/`] } }), { x: 'team-77/fix' }],
  ['suffix', (index) => ({ 'data.x': { suffix: `.shop-${index}.example` } }), { x: 'www.shop-77.example' }],
  ['text without regard to case', (index) => ({ 'data.x': { equals_ignore_case: `Name-${index}` } }), { x: 'NAME-77' }],
  ['glob by its literal prefix', (index) => ({ 'data.x': { glob: `/srv/a${1000 + index}/**` } }), { x: '/srv/a1077' }],
  ['glob by its literal suffix', (index) => ({ 'data.x': { glob: `**/a${index}.csv` } }), { x: 'a77.csv' }],
  ['range', (index) => ({ 'data.x': { gte: 10 * index, lt: 10 * index + 10 } }), { x: 770.5 }],
  ['field that exists', (index) => ({ [`data.x${index}`]: { exists: true } }), { x77: null }],
  [
    'field of array elements',
    (index) => ({ 'data.l.files.name': `f${index}` }),
    { l: [{ files: [{ name: 'f77' }, {}] }] },
  ],
  ['group', (index) => ({ any: [{ 'data.x': index }, { all: [{ 'data.y': index }, {}] }] }), { x: 1000, y: 77 }],
  [
    'value beside a value that all rules require',
    (index) => ({ type: 't', 'data.y': { not: 1 }, 'data.x': index }),
    { x: 77 },
  ],
  ['pair of values', (index) => ({ 'data.x': index % 32, 'data.y': index >> 5 }), { x: 77 % 32, y: 77 >> 5 }],
])('a %s selects one rule of a thousand', (_kind, matchOf, given) => {
  const rules = Array.from({ length: 1000 }, (_, index) => rule(`r${index}`, matchOf(index)));
  expect(found(rules, event(given))).toEqual(['r77']);
});

test.each<[Record<string, unknown>, Json, boolean]>([
  [{ gte: 1, lte: 2 }, 1, true],
  [{ gte: 1, lte: 2 }, 2, true],
  [{ gte: 1, lte: 2 }, 0.5, false],
  [{ gt: 1 }, 5, true],
  [{ gt: 1 }, 0, false],
  [{ lt: 1 }, 0, true],
  [{ lt: 1 }, 5, false],
  [{ gt: 4, lt: 2 }, [1, 5], true],
  [{ gt: 4, lt: 2 }, [2.5, 3.5], false],
  [{ gt: 2 }, 2, false],
  [{ gt: 2 }, '9007199254740993', true],
  [{ lt: 2 }, '-9007199254740993', true],
  [{ gte: 0, lte: 2 }, '9007199254740993', false],
  [{ gt: '9007199254740992' }, '9007199254740993', true],
  [{ gt: '9007199254740993' }, '9007199254740993', false],
  [{ gt: '9007199254740993' }, '10007199254740993', true],
  [{ lt: '9007199254740993' }, 7, true],
  [{ gt: 2 }, '12345', false],
  [{ lt: 2 }, 2, false],
  [{ gt: 0 }, 0, false],
  [{ lt: 0 }, -Number.MIN_VALUE, true],
  [{ gt: -1, lte: 0 }, -1 + Number.EPSILON / 2, true],
  [{ gt: Number.MAX_VALUE }, Number.POSITIVE_INFINITY, true],
  [{ gt: Number.POSITIVE_INFINITY }, Number.POSITIVE_INFINITY, false],
  [{ glob: '/srv/**' }, '/srv', true],
  [{ glob: '/srv/**' }, '/srv-2', false],
  [{ glob: '/srv/**/*.csv' }, '/srv.csv', false],
  [{ glob: '/srv/**/*.csv' }, '/srv/.csv', true],
  [{ glob: '/srv/*.csv' }, '/srv/a/b.csv', false],
  [{ glob: '/srv/*.csv' }, ['/srv/a.txt', '/b.csv'], false],
  [{ glob: '/srv/*.csv' }, ['/b.csv', '/srv/a.csv'], true],
  [{ glob: '**/a' }, 'a', true],
])('the index finds the rule with %j for the value %j: %s', (pattern, value, expected) => {
  const others = Array.from({ length: 9 }, (_, index) =>
    rule(`r${index}`, { 'data.x': { gt: 8 + index, lt: 10 + index } }),
  );
  expect(found([...others, rule('one', { 'data.x': pattern })], event({ x: value }))).toEqual(expected ? ['one'] : []);
});

test('a field that no path reaches matches no rule, although the index visits it', () => {
  const rules = [
    rule('hidden', { 'data.x.y': 'a' }),
    rule('place', { 'data.l.0.y': 'a' }),
    rule('plain', { type: 't' }),
  ];
  expect(found(rules, event({ x: { y: 'b' }, 'x.y': 'a', l: [{ 0: { y: 'a' } }] }))).toEqual(['plain']);
});

test('rules that share a residual are found by their own access paths', () => {
  const rules = Array.from({ length: 9 }, (_, index) =>
    rule(`r${index}`, { 'data.x': index, type: index < 5 ? 't' : 'u', 'data.y': { not: index < 8 ? 1 : 2 } }),
  );
  const met = (y: number) => rules.flatMap((_, index) => found(rules, event({ x: index, y })));
  expect(met(1)).toEqual([]);
  expect(met(2)).toEqual(['r0', 'r1', 'r2', 'r3', 'r4']);
});

test('a text is not mistaken for a pattern with the same JSON', () => {
  const left = [{ not: 1 }, { not: 1 }, '[{"not":1}]', '[{"not":1}]', '{"not":1}', '{"not":1}'];
  const rules = left.map((pattern, index) => rule(`r${index}`, { 'data.x': index, 'data.y': pattern }));
  const met = left.flatMap((_, index) => found(rules, event({ x: index, y: 'z' })));
  expect(met).toEqual(['r0', 'r1']);
});

test('numbers of one event do not count for the next event', () => {
  const index = buildIndex([rule('r', { 'data.x': { gt: 1, lt: 4 } })]);
  const met = [[0, 5], [5], [2], [0], [2, 9]].map((x) => index.lookup(event({ x }), 'api').length);
  expect(met).toEqual([1, 0, 1, 0, 1]);
});

test('a long array finds each rule once, however often a value occurs', () => {
  const rules = Array.from({ length: 1000 }, (_, index) => rule(`r${index}`, { 'data.x': [index, index + 1000] }));
  const values = Array.from({ length: 5000 }, (_, index) => 1100 - (index % 200));
  expect(found(rules, event({ x: values }))).toEqual([
    ...Array.from({ length: 101 }, (_, index) => `r${index}`),
    ...Array.from({ length: 99 }, (_, index) => `r${901 + index}`),
  ]);
});

test('NaN and null, which are the same in JSON, are different residuals', () => {
  const [nothing, nowhere] = [null, Number.NaN].map((value) => ({ type: 't', 'data.x': { not: value } }));
  const rules = [nothing, nothing, nowhere, nowhere].map((match, index) => rule(`r${index}`, match));
  expect(found(rules, event({ x: null }))).toEqual(['r2', 'r3']);
});

test('rules that differ only in their source are indexed by it', () => {
  const rules = Array.from({ length: 1000 }, (_, index) => rule(`r${index}`, { type: 't' }, { on: [`hook-${index}`] }));
  let asked = 0;
  const counted = rules.map((one) => ({
    ...one,
    get on() {
      asked += 1;
      return one.on!;
    },
  })) as readonly CompiledRule[];
  const index = buildIndex(counted);
  asked = 0;
  expect([...index.lookup(event(null), 'hook-5')].map(({ name }) => name)).toEqual(['r5']);
  expect(asked).toBeLessThan(10);
});

test('each rule is found once and in its order, whichever of its values matched', () => {
  const rules = [
    rule('z', { 'data.x': ['a', 'b'] }),
    rule('free', {}),
    rule('a', { 'data.x': 'a' }, { on: ['s1', 'api', 'api'] }),
  ];
  expect(found(rules, event({ x: ['b', 'a', 'a'] }))).toEqual(['z', 'free', 'a']);
});

test('disabled rules are found, so that they can be reported; catch-all rules are a list of their own', () => {
  const rules = [
    rule('off', { type: 't' }, { enabled: false }),
    rule('rest', {}, { catchAll: true }),
    rule('off-rest', {}, { catchAll: true, enabled: false }),
  ];
  expect(found(rules, event(null))).toEqual(['off']);
  expect(buildIndex(rules).catchAll.map(({ name }) => name)).toEqual(['rest']);
});

test('200,000 rules, more than a call can have arguments, share one value', () => {
  const one = rule('r', { type: 't' });
  expect(
    found(
      Array.from({ length: 200_000 }, () => ({ ...one })),
      event(null),
    ),
  ).toHaveLength(200_000);
});

const scalar = fc.constantFrom<Json[]>('a', 'b', 'ab', 'Ba', '', 1, 0, -0, 2.5, true, null, '1', '/a', '/a/b', 'b/a');
const path = fc.constantFrom(
  'type',
  'data',
  'data.x',
  'data.x.y',
  'data.l',
  'data.l.y',
  'data.l.0',
  'data.l.0.y',
  'data.a.b',
);
const text = fc.constantFrom('', 'a', 'b', 'ab', 'A', '/a');
const texts = fc.oneof(text, fc.array(text, { minLength: 1, maxLength: 3 }));
const glob = fc.constantFrom('*', 'a*', '*b', '/a/**', '**/a', 'a{b,}', '/?/b', String.raw`\a*`, '[ab]/a', 'ab');
const bound = fc.constantFrom<(number | string)[]>(
  -1,
  0,
  1,
  2,
  2.5,
  'a',
  '9007199254740993',
  Number.POSITIVE_INFINITY,
  Number.NaN,
);
const operators = fc.oneof(
  fc.record({ prefix: texts }),
  fc.record({ suffix: texts }),
  fc.record({ equals_ignore_case: texts }),
  fc.record({ contains: texts }),
  fc.record({ glob }),
  fc.record({ prefix: text, suffix: text }),
  fc.record({ exists: fc.boolean() }),
  fc.constantFrom({ regex: '^a' }, { cidr: '10.0.0.0/8' }),
  fc
    .record({ gt: bound, gte: bound, lt: bound, lte: bound }, { requiredKeys: [] })
    .filter((map) => Object.keys(map).length > 0),
);
const { pattern } = fc.letrec<{ pattern: unknown; one: unknown }>((tie) => ({
  one: fc.oneof(
    { weight: 3, arbitrary: scalar },
    { weight: 3, arbitrary: operators },
    fc.record({ not: tie('pattern') }),
  ),
  pattern: fc.oneof({ weight: 4, arbitrary: tie('one') }, fc.array(tie('one'), { minLength: 1, maxLength: 3 })),
}));
const map = fc.dictionary(path, pattern, { maxKeys: 3 });
const maps = fc.array(map, { minLength: 1, maxLength: 2 });
const match = fc.oneof(
  { weight: 4, arbitrary: map },
  fc
    .tuple(map, fc.record({ any: maps, all: maps, none: maps }, { requiredKeys: [] }))
    .map(([plain, groups]) => ({ ...plain, ...groups })),
  fc.record({ any: fc.array(fc.record({ all: maps }), { minLength: 1, maxLength: 2 }) }),
);
const leaf = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
const data = fc.oneof(
  leaf,
  fc.record(
    {
      x: fc.oneof(leaf, fc.record({ y: leaf })),
      'x.y': leaf,
      l: fc.array(
        fc.oneof(leaf, fc.record({ y: leaf, 0: leaf }, { requiredKeys: [] }), fc.array(fc.record({ y: leaf }))),
        { maxLength: 3 },
      ),
      'l.0.y': leaf,
      a: fc.record({ b: leaf }, { requiredKeys: [] }),
      'a.b': leaf,
    },
    { requiredKeys: [] },
  ),
);
/** A key that a path reads only if there is no `x` in `data`. */
const more = fc.record({ 'data.x': leaf }, { requiredKeys: [] });
const sources = fc.option(fc.subarray(['s1', 's2', 'api'], { minLength: 1 }), { nil: undefined });

test('the index finds exactly the rules that evaluating every rule finds', () => {
  const rules = fc.array(fc.record({ match, on: sources, enabled: fc.boolean() }), { maxLength: 60, size: 'max' });
  const type = fc.constantFrom('a', 'b', 'ab');
  fc.assert(
    fc.property(rules, data, more, type, fc.constantFrom('s1', 's2', 'api'), (given, value, others, kind, origin) => {
      const all = given.map(({ match: one, on, enabled }, index) =>
        rule(`r${index}`, one, { enabled, ...(on !== undefined && { on }) }),
      );
      const happened = event(value as Json, kind, others as Record<string, Json>);
      const wanted = all.filter(
        ({ on, matcher }) => (on === undefined || on.includes(origin)) && matcher.holds(happened),
      );
      expect(found(all, happened, origin)).toEqual(wanted.map(({ name }) => name));
    }),
    { numRuns: 300 },
  );
});
