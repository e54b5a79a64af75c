import { expect, test } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import type { Json } from '../../../daemon/core/values/json.ts';
import { select } from '../../../daemon/core/flow/select.ts';
import { rulesetOf } from '../../support/compile.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');
const PARTS = `
sources: { deploys: { type: hook, path: /hooks/deploys } }
channels: { ops: { type: sink } }
rules:
`;

function event(data: Json, more: Record<string, Json> = {}): Event {
  return { id: 'e', source: 'api', type: 't', time: '2026-11-23T08:00:00Z', data, ...more };
}

/** `rule` or `rule:outcome`, in order. */
function chosen(rules: string, of: Event): string[] {
  return select(of, rulesetOf(PARTS + rules), NOW).map((candidate) =>
    candidate.kind === 'result'
      ? `${candidate.result.rule}:${candidate.result.outcome}`
      : candidate.kind === 'resolve'
        ? `${candidate.rule.name}:resolve`
        : candidate.rule.name,
  );
}

test('a rule gets the events of its sources; an event of an unknown source is one of `api`', () => {
  const rules = `
  - { name: hooks, on: deploys, notify: ops }
  - { name: posted, on: api, notify: ops }
  - { name: own, on: belfry, notify: ops }
  - { name: all, notify: ops }`;
  expect(chosen(rules, event(null, { source: 'deploys' }))).toEqual(['hooks', 'all']);
  expect(chosen(rules, event(null, { source: 'api' }))).toEqual(['posted', 'all']);
  expect(chosen(rules, event(null, { source: 'some/script' }))).toEqual(['posted', 'all']);
  expect(chosen(rules, event(null, { source: 'belfry' }))).toEqual(['own', 'all']);
});

test('match and `if` must both hold, and a missing field does not match', () => {
  const rules = `
  - { name: r, match: { data.a: 1 }, if: data.b > 1, notify: ops }`;
  expect(chosen(rules, event({ a: 1, b: 2 }))).toEqual(['r']);
  expect(chosen(rules, event({ a: 2, b: 2 }))).toEqual([]);
  expect(chosen(rules, event({ a: 1, b: 1 }))).toEqual([]);
  expect(chosen(rules, event({ a: 1 }))).toEqual([]);
});

test('an `if` that fails is the outcome error, or fires with `on_error: notify`', () => {
  const rules = `
  - { name: strict, if: data.n > 1, notify: ops }
  - { name: bold, if: data.n > 1, on_error: notify, notify: ops }`;
  const candidates = select(event({ n: 'many' }), rulesetOf(PARTS + rules), NOW);
  expect(candidates).toMatchObject([
    { kind: 'result', result: { rule: 'strict', outcome: 'error', errors: [expect.stringContaining('if: ')] } },
    { kind: 'match', rule: { name: 'bold' }, error: expect.stringContaining('if: ') },
  ]);
});

test('a disabled rule that would match has the outcome disabled, and others have none', () => {
  const rules = `
  - { name: off, enabled: false, match: { type: t }, if: data.n > 1, notify: ops }`;
  expect(chosen(rules, event({ n: 2 }))).toEqual(['off:disabled']);
  expect(chosen(rules, event({ n: 1 }))).toEqual([]);
  expect(chosen(rules, event({ n: 'many' }))).toEqual([]);
  expect(chosen(rules, event({ n: 2 }, { type: 'u' }))).toEqual([]);
});

test('catch-all rules get the events that no other rule matched, also if a rule is disabled or its `if` fails', () => {
  const rules = `
  - { name: wanted, match: { type: wanted }, notify: ops }
  - { name: off, enabled: false, match: { type: off }, notify: ops }
  - { name: broken, match: { type: broken }, if: data.n > 1, notify: ops }
  - { name: rest, catch_all: true, notify: ops }
  - { name: rest-off, catch_all: true, enabled: false, notify: ops }`;
  expect(chosen(rules, event(null, { type: 'wanted' }))).toEqual(['wanted']);
  expect(chosen(rules, event(null, { type: 'other' }))).toEqual(['rest']);
  expect(chosen(rules, event(null, { type: 'off' }))).toEqual(['off:disabled', 'rest']);
  expect(chosen(rules, event({ n: 'many' }, { type: 'broken' }))).toEqual(['broken:error', 'rest']);
});

test("the daemon's own events are not for catch-all rules", () => {
  expect(chosen('  - { name: rest, catch_all: true, notify: ops }', event(null, { source: 'belfry' }))).toEqual([]);
});

function keys(rules: string, of: Event): (string | undefined)[] {
  return select(of, rulesetOf(PARTS + rules), NOW).map((candidate) =>
    candidate.kind === 'match' ? candidate.key : undefined,
  );
}

test('the key is the rule’s own, or is made of source, type and subject, also without a subject', () => {
  const rules = `
  - { name: own, key: "{{ data.repo }}", notify: ops }
  - { name: plain, notify: ops }`;
  expect(keys(rules, event({ repo: 'acme/api' }, { subject: 'x' }))).toEqual(['acme/api', 'api|t|x']);
  expect(keys(rules, event({ repo: 'acme/api' }))).toEqual(['acme/api', 'api|t|']);
});

test('a key that fails to render counts as if there were none, so that unrelated events are not grouped', () => {
  const rules = '  - { name: own, key: "{{ data.repo }}", notify: ops }';
  const [first] = select(event({}, { subject: 'x' }), rulesetOf(PARTS + rules), NOW);
  expect(first).toMatchObject({ kind: 'match', key: 'api|t|x', error: expect.stringContaining('key: ') });
  expect(keys(rules, event({}, { subject: 'y' }))).toEqual(['api|t|y']);
});

test("an event that ends a rule's alert does not begin one; where that is unknown it does, and the error is reported", () => {
  const rules = `
  - { name: r, match: { type: t }, resolve: { if: "data.n > 2.0" }, notify: ops }
  - { name: quiet, match: { type: other }, resolve: { match: { type: t }, if: "data.n > 2.0" }, notify: ops }`;
  expect(chosen(rules, event({ n: 1 }))).toEqual(['r']);
  expect(chosen(rules, event({ n: 3 }))).toEqual(['r:resolve', 'quiet:resolve']);
  expect(chosen(rules, event({ n: 'x' }))).toEqual(['r', 'quiet:error']);
  const [r] = select(event({ n: 'x' }), rulesetOf(PARTS + rules), NOW);
  expect(r).toMatchObject({ kind: 'match', error: expect.stringContaining('resolve.if') });
});

test('an event that ends an alert does not go to catch-all rules', () => {
  const rules = `
  - { name: r, match: { type: x }, resolve: { match: { type: t } }, notify: ops }
  - { name: rest, catch_all: true, notify: ops }`;
  expect(chosen(rules, event({}))).toEqual(['r:resolve']);
});

test('a catch-all rule with a match gets only events that match it', () => {
  const rules = `
  - { name: rest, catch_all: true, match: { data.level: high }, notify: ops }`;
  expect(chosen(rules, event({ level: 'high' }))).toEqual(['rest']);
  expect(chosen(rules, event({ level: 'low' }))).toEqual([]);
});
