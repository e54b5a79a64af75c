import { expect, test } from 'vitest';
import type { Memory, StateChange } from '../../../daemon/core/flow/decision.ts';
import { decide } from '../../../daemon/core/flow/decide.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import { type ExplainedRule, explain, NO_MEMORY } from '../../../daemon/core/explain/explain.ts';
import { givenEvent } from '../../../daemon/core/explain/given.ts';
import type { Json } from '../../../daemon/core/values/json.ts';
import type { Ruleset } from '../../../daemon/core/ruleset.ts';
import { select } from '../../../daemon/core/flow/select.ts';
import { StateCache } from '../../../daemon/store/states.ts';
import { rulesetOf } from '../../support/compile.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');
const PARTS = `
sources: { deploys: { type: hook, path: /hooks/deploys } }
channels: { ops: { type: sink }, mail: { type: sink, delivery: { retry: [1m, 1h, 30h], give_up_after: 24h } } }
hours: { night: { days: mon-sun, from: "22:00", to: "23:00", timezone: UTC } }
rules:
`;

function event(data: Json, more: Record<string, Json> = {}): Event {
  return { id: 'e', source: 'api', type: 't', time: '2026-11-23T08:00:00Z', data, ...more };
}

interface Asked {
  readonly memory?: Memory;
  readonly now?: number;
  readonly only?: string;
}

function contextOf(ruleset: Ruleset, { memory = NO_MEMORY, now = NOW, ...rest }: Asked = {}) {
  let ids = 0;
  return { ruleset, memory, now, newId: () => `d${(ids += 1)}`, ...rest };
}

function explained(rules: string, of: Event, asked: Asked = {}): Record<string, ExplainedRule> {
  const { rules: all } = explain(of, contextOf(rulesetOf(PARTS + rules), asked));
  return Object.fromEntries(all.map((one) => [one.rule, one]));
}

/** State after some events. */
function memoryAfter(ruleset: Ruleset, ...events: readonly Event[]): Memory {
  const cache = new StateCache();
  const memory: Memory = {
    read: (...place) => cache.read(...place, NOW),
    each: (...place) => cache.each(...place, NOW),
  };
  for (const one of events) {
    const { states } = decide(one, select(one, ruleset, NOW), contextOf(ruleset, { memory }));
    cache.apply(states as StateChange[]);
  }
  return memory;
}

test('a rule that notifies shows its conditions, its messages and when they would be tried again', () => {
  const rules = `
  - name: r
    on: deploys
    match: { data.state: failed }
    if: data.branch == "main"
    key: "{{ data.repo }}"
    message: { title: "{{ data.repo }} failed" }
    notify: [ops, { channel: mail, delay: 5m }]`;
  const of = event({ state: 'failed', branch: 'main', repo: 'api' }, { source: 'deploys' });
  expect(explained(rules, of).r).toEqual({
    rule: 'r',
    outcome: 'notified',
    key: 'api',
    conditions: [
      { path: 'on', operator: 'any_of', expected: ['deploys'], actual: 'deploys', holds: true },
      { path: 'data.state', operator: 'equals', expected: 'failed', actual: 'failed', holds: true },
      { path: 'if', operator: 'cel', expected: 'data.branch == "main"', actual: true, holds: true },
    ],
    sends: [
      {
        channel: 'ops',
        message: expect.objectContaining({ title: 'api failed' }),
        at: '2026-11-23T09:00:00.000Z',
        retries: expect.arrayContaining(['2026-11-23T09:00:05.000Z', '2026-11-23T09:00:35.000Z']),
      },
      {
        channel: 'mail',
        message: expect.objectContaining({ title: 'api failed' }),
        at: '2026-11-23T09:05:00.000Z',
        // The last one is made when it is given up, which counts from now.
        retries: ['2026-11-23T09:06:00.000Z', '2026-11-23T10:06:00.000Z', '2026-11-24T09:00:00.000Z'],
      },
    ],
  });
});

test('there are no retries after the time to live of the message', () => {
  const rules = '  - { name: r, message: { ttl: 10m }, notify: mail }';
  expect(explained(rules, event(null)).r!.sends[0]!.retries).toEqual(['2026-11-23T09:01:00.000Z']);
});

test('a rule that does not match says which condition failed first', () => {
  const rules = `
  - { name: source, on: deploys, match: { data.ms: 1 }, notify: ops }
  - { name: field, match: { type: t, data.ms: { gt: 500 } }, if: data.x == 1, notify: ops }
  - { name: "false", if: data.ms > 500, notify: ops }
  - { name: lacks, if: data.more.deep > 500, notify: ops }
  - { name: off, enabled: false, match: { data.ms: 1 }, notify: ops }`;
  const all = explained(rules, event({ ms: 120 }));
  expect(Object.values(all).map(({ outcome, reason }) => [outcome, reason])).toEqual([
    ['no_match', 'it is from "api", and `on` wants "deploys"'],
    ['no_match', 'data.ms is 120, and must be gt 500'],
    ['no_match', '`if` is false'],
    ['no_match', '`if` uses a field that is missing (more)'],
    ['no_match', 'data.ms is 120, and must be 1'],
  ]);
  expect(all.lacks!.conditions).toEqual([
    { path: 'if', operator: 'cel', expected: 'data.more.deep > 500', actual: null, holds: false, missing: 'more' },
  ]);
  expect(all.off!.conditions.at(-1)).toEqual({
    path: 'enabled',
    operator: 'equals',
    expected: true,
    actual: false,
    holds: false,
  });
});

test('an `if` that fails shows what went wrong', () => {
  const rules = `
  - { name: strict, if: data.n > 1, notify: ops }
  - { name: bold, if: data.n > 1, on_error: notify, notify: ops }
  - { name: off, enabled: false, notify: ops }`;
  const { strict, bold, off } = explained(rules, event({ n: 'many' }));
  expect(strict).toMatchObject({
    outcome: 'error',
    reason: expect.stringContaining('if: '),
    conditions: [{ path: 'if', actual: null, holds: false, error: expect.stringContaining('overload') }],
    sends: [],
  });
  expect(bold).toMatchObject({
    outcome: 'notified',
    errors: [expect.stringContaining('if: ')],
    sends: [{ channel: 'ops' }],
  });
  expect(off).toMatchObject({ outcome: 'disabled', reason: '`enabled` is false' });
});

test('a catch-all rule names the rule that matched the event', () => {
  const rules = `
  - { name: wanted, match: { type: t }, notify: ops }
  - { name: rest, catch_all: true, notify: ops }
  - { name: rest-off, catch_all: true, enabled: false, notify: ops }`;
  const taken = explained(rules, event(null));
  expect(taken.rest).toMatchObject({
    outcome: 'no_match',
    reason: 'another rule matches it: wanted',
    conditions: [{ path: 'catch_all', actual: ['wanted'], holds: false }],
  });
  const left = explained(rules, event(null, { type: 'u' }));
  expect(left.rest).toMatchObject({
    outcome: 'notified',
    conditions: [{ path: 'catch_all', actual: [], holds: true }],
  });
  expect(left['rest-off']).toMatchObject({ outcome: 'no_match', reason: 'the rule is disabled' });
  const own = explained(rules, event(null, { type: 'u', source: 'belfry' }));
  expect(own.rest).toMatchObject({ outcome: 'no_match', reason: 'source is "belfry", and must not be "belfry"' });
});

test('stored state decides too, and explaining changes nothing', () => {
  const rules = `
  - { name: d, key: k, dedupe: 10m, notify: ops }
  - { name: night, during: night, notify: ops }`;
  const ruleset = rulesetOf(PARTS + rules);
  const memory = memoryAfter(ruleset, event(null));
  for (const at of [NOW, NOW])
    expect(explained(rules, event(null), { memory, now: at }).d).toMatchObject({
      outcome: 'deduplicated',
      key: 'k',
      until: '2026-11-23T09:10:00.000Z',
      reason: 'the same key within 10m',
      sends: [],
    });
  expect(explained(rules, event(null), { memory, now: NOW + 600_000 }).d!.outcome).toBe('notified');
  expect(explained(rules, event(null), { now: Date.parse('2026-11-23T22:30:00Z') }).night!.outcome).toBe('notified');
});

test('an event that ends an alert shows the conditions of `resolve`', () => {
  const rules = `
  - { name: down, match: { data.s: down }, resolve: { match: { data.s: up }, if: data.n > 1 }, key: k, notify_resolved: true, notify: ops }`;
  const ruleset = rulesetOf(PARTS + rules);
  const up = event({ s: 'up', n: 2 });
  const fired = memoryAfter(ruleset, event({ s: 'down' }));
  const rows = [
    { path: 'resolve.data.s', operator: 'equals', expected: 'up', actual: 'up', holds: true },
    { path: 'resolve.if', operator: 'cel', expected: 'data.n > 1', actual: true, holds: true },
  ];
  expect(explained(rules, up, { memory: fired }).down).toMatchObject({
    outcome: 'resolved',
    conditions: rows,
    sends: [{ channel: 'ops' }],
  });
  expect(explained(rules, up).down).toMatchObject({
    outcome: 'no_match',
    key: 'k',
    reason: 'it would end an alert with the key "k", and there is none',
    conditions: rows,
  });
  expect(explained(rules, event({ s: 'other' })).down!.conditions.map(({ path, holds }) => [path, holds])).toEqual([
    ['data.s', false],
    ['resolve.data.s', false],
    ['resolve.if', false],
  ]);
  expect(explained(rules, event({ s: 'down' })).down!.conditions).toHaveLength(1);
});

test('all of a thousand rules are explained in their order, although the index finds one', () => {
  const rules = Array.from(
    { length: 1000 },
    (_, index) => `  - { name: r${index}, match: { data.n: ${index}, data.re: { regex: "^a" } }, notify: ops }\n`,
  ).join('');
  const ruleset = rulesetOf(PARTS + rules);
  const of = event({ n: 7, re: 'abc' });
  expect([...ruleset.index.lookup(of, 'api')].map(({ name }) => name)).toEqual(['r7']);
  const { rules: all } = explain(of, contextOf(ruleset));
  expect(all.map(({ rule }) => rule)).toEqual(ruleset.rules.map(({ name }) => name));
  expect(all.filter(({ outcome }) => outcome === 'notified').map(({ rule }) => rule)).toEqual(['r7']);
  expect(all[998]).toEqual({
    rule: 'r998',
    outcome: 'no_match',
    reason: 'data.n is 7, and must be 998',
    conditions: [
      { path: 'data.n', operator: 'equals', expected: 998, actual: 7, holds: false },
      { path: 'data.re', operator: 'regex', expected: '^a', actual: 'abc', holds: true },
    ],
    sends: [],
  });
  expect(explain(of, contextOf(ruleset, { only: 'r998' })).rules).toEqual([all[998]]);
  expect(explain(of, contextOf(ruleset, { only: 'nobody' })).rules).toEqual([]);
});

test('an event is read from a plain event, a CloudEvent, or an object that contains one', () => {
  const plain = { type: 'a', data: { n: 1 } };
  expect(givenEvent(plain)).toEqual({ ok: true, event: plain });
  expect(givenEvent([plain])).toEqual({ ok: true, event: plain });
  expect(givenEvent({ id: 'd', rule: 'r', event: { id: 'e', source: 's', ...plain } })).toEqual({
    ok: true,
    event: { id: 'e', source: 's', ...plain },
  });
  expect(givenEvent({ specversion: '1.0', id: 'e', source: 's', ...plain })).toMatchObject({ ok: true });
  expect(givenEvent([plain, plain])).toMatchObject({ ok: false, pointer: '/1' });
  expect(givenEvent({ event: { data: 1 } })).toMatchObject({ ok: false, pointer: '/event/type' });
  expect(givenEvent(JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`))).toMatchObject({ ok: false });
  for (const wrong of [null, 1, 'text', {}, { type: 1 }]) expect(givenEvent(wrong)).toMatchObject({ ok: false });
});
