import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decision } from '../../../daemon/core/flow/decision.ts';
import { decide } from '../../../daemon/core/flow/decide.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import type { Json } from '../../../daemon/core/values/json.ts';
import type { Ruleset } from '../../../daemon/core/ruleset.ts';
import { select } from '../../../daemon/core/flow/select.ts';
import { summarize } from '../../../daemon/core/event/summary.ts';
import { rulesetOf } from '../../support/compile.ts';

const START = Date.parse('2026-11-23T09:00:00Z');
const CHANNELS = 'channels: { ops: { type: sink }, boss: { type: sink } }\n';
const MINUTE = 60_000;

/** A ruleset with a memory: what a store does, less the disk. */
class CoreRunner {
  ruleset: Ruleset;
  now = START;
  readonly states = new Map<string, { value: unknown; expires: number }>();
  #ids = 0;

  constructor(rules: string) {
    this.ruleset = rulesetOf(`${CHANNELS}rules:\n${rules}`);
  }

  take(data: Json = {}, more: Record<string, Json> = {}): Decision {
    const event: Event = { id: 'e', source: 'api', type: 't', time: '2026-11-23T08:00:00Z', data, ...more };
    const decision = decide(event, select(event, this.ruleset, this.now), {
      ruleset: this.ruleset,
      now: this.now,
      newId: () => `d${(this.#ids += 1)}`,
      memory: {
        read: (...place) => {
          const known = this.states.get(place.join('/'));
          return known === undefined || known.expires <= this.now ? undefined : known.value;
        },
        each: () => [],
      },
    });
    for (const { rule, key, step, value, expires } of decision.states) {
      const place = [rule, key, step].join('/');
      if (value === null) this.states.delete(place);
      else this.states.set(place, { value: JSON.parse(JSON.stringify(value)), expires });
    }
    return decision;
  }

  /** Outcome, and the bodies of what goes out. */
  outcomeAndBodies(data: Json = {}): [string, ...string[]] {
    const { results, deliveries } = this.take(data);
    return [summarize(results), ...deliveries.map(({ delivery }) => delivery.message.body)];
  }
}

test('each target gets one delivery with all data for sending', () => {
  const runner = new CoreRunner(`  - name: r
    key: "{{ data.repo }}"
    message: { title: "T {{ data.repo }}", body: B, ttl: 1h }
    notify: [ops, { channel: boss, delay: 5m, to: [ann], message: { body: "for {{ rule }}" } }]`);
  const { results, states, deliveries } = runner.take({ repo: 'api' });
  expect(results).toEqual([{ rule: 'r', key: 'api', outcome: 'notified' }]);
  expect(states).toEqual([]);
  const event = { id: 'e', source: 'api', type: 't', time: '2026-11-23T08:00:00Z', data: { repo: 'api' } };
  const both = { event, rule: 'r', channelType: 'sink', key: 'api', status: 'firing', createdAt: START, attempts: [] };
  const message = { title: 'T api', body: 'B', format: 'text', priority: 'normal', tags: [], ttl: '1h' };
  expect(deliveries).toEqual([
    { dueAt: START, delivery: { ...both, id: 'd1', channel: 'ops', message, expiresAt: START + 60 * MINUTE } },
    {
      dueAt: START + 5 * MINUTE,
      delivery: {
        ...both,
        id: 'd2',
        channel: 'boss',
        message: { ...message, body: 'for r', to: ['ann'] },
        delay: 5 * MINUTE,
        expiresAt: START + 65 * MINUTE,
      },
    },
  ]);
});

test('a target with an `if` is notified when it holds, and also when the `if` fails', () => {
  const runner = new CoreRunner(
    '  - { name: r, notify: [{ channel: ops, if: data.n > 1 }, { channel: boss, if: data.n > 5 }] }',
  );
  const channels = ({ deliveries }: Decision) => deliveries.map(({ delivery }) => delivery.channel);
  expect(channels(runner.take({ n: 2 }))).toEqual(['ops']);
  expect(channels(runner.take({ n: 9 }))).toEqual(['ops', 'boss']);
  const failed = runner.take({ n: 'many' });
  expect(channels(failed)).toEqual(['ops', 'boss']);
  expect(failed.results[0]?.errors?.join()).toContain('ops: if: ');
  expect(runner.take({ n: 1 })).toMatchObject({
    deliveries: [],
    results: [{ outcome: 'notified', reason: 'no target applied' }],
  });
});

test('a throttled rule counts the events that it drops, and the next message has the number', () => {
  const runner = new CoreRunner('  - { name: r, throttle: { max: 1, per: 10m }, message: { body: B }, notify: ops }');
  expect(runner.outcomeAndBodies()).toEqual(['notified', 'B']);
  runner.now += 1 * MINUTE;
  const { results } = runner.take();
  expect(results).toMatchObject([
    { outcome: 'throttled', reason: '1 within 10m already', until: '2026-11-23T09:10:00.000Z' },
  ]);
  runner.now += 1 * MINUTE;
  expect(runner.outcomeAndBodies()).toEqual(['throttled']);
  runner.now = START + 10 * MINUTE;
  expect(runner.outcomeAndBodies()).toEqual(['notified', 'B\n\n(2 more like this were suppressed)']);
  runner.now += 10 * MINUTE;
  expect(runner.outcomeAndBodies()).toEqual(['notified', 'B']);
});

test('keys have windows of their own', () => {
  const runner = new CoreRunner(
    '  - { name: r, key: "{{ data.k }}", dedupe: 10m, message: { body: "{{ data.k }}" }, notify: ops }',
  );
  expect(runner.outcomeAndBodies({ k: 'a' })).toEqual(['notified', 'a']);
  expect(runner.outcomeAndBodies({ k: 'b' })).toEqual(['notified', 'b']);
  expect(runner.outcomeAndBodies({ k: 'a' })).toEqual(['deduplicated']);
});

test('without a key or a subject, events of different types are not grouped', () => {
  const runner = new CoreRunner('  - { name: r, dedupe: 10m, notify: ops }');
  expect(summarize(runner.take({}, { type: 'disk.full' }).results)).toBe('notified');
  expect(summarize(runner.take({}, { type: 'fire' }).results)).toBe('notified');
  expect(summarize(runner.take({}, { type: 'fire' }).results)).toBe('deduplicated');
});

test('dedupe comes before throttle, and an event that throttle drops begins no window of dedupe', () => {
  const runner = new CoreRunner(
    '  - { name: r, dedupe: 1m, throttle: { max: 1, per: 10m }, message: { body: B }, notify: ops }',
  );
  expect(runner.outcomeAndBodies()).toEqual(['notified', 'B']);
  expect(runner.outcomeAndBodies()).toEqual(['deduplicated']);
  runner.now = START + 9 * MINUTE + 30_000;
  expect(runner.outcomeAndBodies()).toEqual(['throttled']);
  runner.now = START + 10 * MINUTE;
  expect(runner.outcomeAndBodies()).toEqual(['notified', 'B\n\n(2 more like this were suppressed)']);
});

test('editing the message of a rule, or another rule, keeps its windows and counts', () => {
  const runner = new CoreRunner('  - { name: r, dedupe: 10m, message: { body: old }, notify: ops }');
  runner.take();
  runner.take();
  runner.ruleset = rulesetOf(`${CHANNELS}rules:
  - { name: other, match: { type: none }, notify: ops }
  - { name: r, dedupe: 10m, message: { body: new }, notify: ops }`);
  expect(runner.outcomeAndBodies()).toEqual(['deduplicated']);
  runner.now += 10 * MINUTE;
  expect(runner.outcomeAndBodies()).toEqual(['notified', 'new\n\n(2 more like this were suppressed)']);
});

test('rules decide for themselves, in their order', () => {
  const runner = new CoreRunner(`  - { name: a, dedupe: 10m, notify: ops }
  - { name: off, enabled: false, notify: ops }
  - { name: broken, if: data.n > 1, notify: ops }
  - { name: b, notify: boss }`);
  const outcomes = ({ results }: Decision) => results.map(({ rule, outcome }) => `${rule}:${outcome}`);
  expect(outcomes(runner.take({ n: 'x' }))).toEqual(['a:notified', 'off:disabled', 'broken:error', 'b:notified']);
  expect(outcomes(runner.take({ n: 'x' }))).toEqual(['a:deduplicated', 'off:disabled', 'broken:error', 'b:notified']);
});

test('template errors are reported beside the outcome, and the message goes out', () => {
  const runner = new CoreRunner('  - { name: r, message: { title: "{{ data.nope }}" }, notify: ops }');
  const { results, deliveries } = runner.take();
  expect(results).toMatchObject([{ outcome: 'notified', errors: ['ops: title: undefined variable: data.nope'] }]);
  expect(deliveries[0]?.delivery.message.title).toContain('[template error');
});

test('an event is counted once, by its strongest outcome', () => {
  const of = (...outcomes: Parameters<typeof summarize>[0][number]['outcome'][]) =>
    summarize(outcomes.map((outcome, index) => ({ rule: `r${index}`, outcome })));
  expect(of()).toBe('no_match');
  expect(of('throttled', 'notified', 'error')).toBe('notified');
  expect(of('deduplicated', 'error')).toBe('error');
  expect(of('disabled')).toBe('disabled');
  expect(of('disabled', 'throttled')).toBe('throttled');
});

test('no event is lost: each is notified, or counted in the next message', () => {
  const steps = fc.array(fc.record({ wait: fc.nat({ max: 8 }), key: fc.constantFrom('a', 'b') }), { maxLength: 40 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 3 }), (given, max) => {
      const runner = new CoreRunner(
        `  - { name: r, key: "{{ data.k }}", dedupe: 2m, throttle: { max: ${max}, per: 10m }, message: { body: "{{ suppressed }}" }, notify: ops }`,
      );
      const dropped: Record<string, number> = { a: 0, b: 0 };
      for (const { wait, key } of given) {
        runner.now += wait * MINUTE;
        const [outcome, body] = runner.outcomeAndBodies({ k: key });
        if (outcome === 'notified') {
          expect(body).toBe(String(dropped[key]));
          dropped[key] = 0;
        } else {
          expect(body).toBeUndefined();
          dropped[key]! += 1;
        }
      }
    }),
    { numRuns: 40 },
  );
});

test('deciding changes nothing and reads only what it is given', () => {
  const runner = new CoreRunner('  - { name: r, throttle: { max: 2, per: 10m }, notify: ops }');
  runner.take();
  const before = JSON.stringify([...runner.states]);
  const event: Event = { id: 'e', source: 'api', type: 't', time: '2026-11-23T08:00:00Z', data: {} };
  const once = () => {
    const read = (...place: string[]) => Object.freeze(runner.states.get(place.join('/'))?.value);
    return decide(event, select(event, runner.ruleset, runner.now), {
      ruleset: runner.ruleset,
      now: runner.now,
      newId: () => 'd',
      memory: { read, each: () => [] },
    });
  };
  expect(once()).toEqual(once());
  expect(JSON.stringify([...runner.states])).toBe(before);
});
