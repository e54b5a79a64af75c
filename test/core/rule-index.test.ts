import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../daemon/core/event.ts';
import type { Json } from '../../daemon/core/json.ts';
import { compileMatch } from '../../daemon/core/match/compile.ts';
import { buildIndex } from '../../daemon/core/match/rule-index.ts';
import type { CompiledRule, Template } from '../../daemon/core/ruleset.ts';

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
    notifyResolved: false,
    inhibitedBy: [],
    during: [],
    notDuring: [],
    outside: 'drop',
    escalate: [],
    notify: [],
    ...more,
  };
}

function event(data: Json, type = 't'): Event {
  return { id: '1', source: 's', type, time: '2026-11-23T08:00:00Z', data };
}

function found(rules: readonly CompiledRule[], of: Event, origin = 'api'): string[] {
  return [...buildIndex(rules).candidates(of, origin)].map(({ name }) => name);
}

test('an event meets only the rules that its own values lead to, however many there are', () => {
  const rules = Array.from({ length: 10_000 }, (_, index) =>
    rule(`r${index}`, { type: 't', 'data.repo': `repo-${index}` }),
  );
  expect(found(rules, event({ repo: 'repo-77' }))).toEqual(['r77']);
  expect(found(rules, event({ repo: 'elsewhere' }))).toEqual([]);
});

test('rules that differ only in their source are told apart by it', () => {
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
  expect([...index.candidates(event(null), 'hook-5')].map(({ name }) => name)).toEqual(['r5']);
  expect(asked).toBeLessThan(10);
});

test('rules come in their order and once, whichever of their values were met', () => {
  const rules = [
    rule('z', { 'data.x': ['a', 'b'] }),
    rule('free', {}),
    rule('a', { 'data.x': 'a' }, { on: ['s1', 'api', 'api'] }),
  ];
  expect(found(rules, event({ x: ['b', 'a', 'a'] }))).toEqual(['z', 'free', 'a']);
});

test('disabled rules are found, so that they can be told of; catch-all rules are apart', () => {
  const rules = [
    rule('off', { type: 't' }, { enabled: false }),
    rule('rest', {}, { catchAll: true }),
    rule('off-rest', {}, { catchAll: true, enabled: false }),
  ];
  expect(found(rules, event(null))).toEqual(['off']);
  expect(buildIndex(rules).catchAll.map(({ name }) => name)).toEqual(['rest']);
});

test('more rules than a call takes arguments share one value', () => {
  const one = rule('r', { type: 't' });
  expect(
    found(
      Array.from({ length: 200_000 }, () => one),
      event(null),
    ),
  ).toHaveLength(200_000);
});

const scalar = fc.constantFrom<Json[]>('a', 'b', '', 1, 0, -0, true, null, '1');
const path = fc.constantFrom('type', 'data.x', 'data.x.y', 'data.l', 'data.l.y', 'data.l.0', 'data.a.b');
const pattern = fc.oneof(
  scalar,
  fc.array(scalar, { minLength: 1, maxLength: 3 }),
  fc.constantFrom<unknown[]>({ not: 'a' }, { prefix: 'a' }, [{ prefix: 'b' }, 'a'], { exists: false }),
);
const map = fc.dictionary(path, pattern, { maxKeys: 3 });
const match = fc.oneof(
  { weight: 4, arbitrary: map },
  fc.record({ any: fc.array(map, { minLength: 1, maxLength: 2 }) }),
  fc.record({ none: fc.array(map, { minLength: 1, maxLength: 2 }) }),
);
const leaf = fc.oneof(scalar, fc.array(scalar, { maxLength: 3 }));
const data = fc.record(
  {
    x: fc.oneof(leaf, fc.record({ y: leaf })),
    l: fc.array(fc.oneof(leaf, fc.record({ y: leaf })), { maxLength: 3 }),
    a: fc.record({ b: leaf }, { requiredKeys: [] }),
    'a.b': leaf,
  },
  { requiredKeys: [] },
);
const sources = fc.option(fc.subarray(['s1', 's2', 'api'], { minLength: 1 }), { nil: undefined });

test('the index finds exactly those that asking every rule finds', () => {
  const rules = fc.array(fc.record({ match, on: sources, enabled: fc.boolean() }), { maxLength: 12 });
  const type = fc.constantFrom('a', 'b', 't');
  fc.assert(
    fc.property(rules, data, type, fc.constantFrom('s1', 's2', 'api'), (given, value, kind, origin) => {
      const all = given.map(({ match: one, on, enabled }, index) =>
        rule(`r${index}`, one, { enabled, ...(on !== undefined && { on }) }),
      );
      const happened = event(value as Json, kind);
      const wanted = all.filter(
        ({ on, matcher }) => (on === undefined || on.includes(origin)) && matcher.holds(happened),
      );
      const met = [...buildIndex(all).candidates(happened, origin)].filter(({ matcher }) => matcher.holds(happened));
      expect(met.map(({ name }) => name)).toEqual(wanted.map(({ name }) => name));
    }),
    { numRuns: 500 },
  );
});
