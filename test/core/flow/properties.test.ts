import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { summarize } from '../../../daemon/core/event/summary.ts';
import { decide } from '../../../daemon/core/flow/decide.ts';
import { select } from '../../../daemon/core/flow/select.ts';
import { CoreRunner, MINUTE, SECOND } from '../../support/core-runner.ts';
import { ruleText } from './script.ts';

/** One of the settings of each step, or none. */
const STEPS: readonly (readonly string[])[] = [
  ['', 'for: 2m', 'for: 7m'],
  [
    '',
    'resolve: { match: { data.state: up } }, notify_resolved: true',
    'resolve: { after: 5m }, notify_resolved: true',
  ],
  ['', 'threshold: { count: 2, within: 5m }', 'threshold: { count: 3, within: 20m }'],
  ['', 'inhibited_by: { rule: other, equal: data.k }'],
  ['', 'during: h', 'during: h, outside: hold'],
  ['', 'dedupe: 3m'],
  ['', 'throttle: { max: 2, per: 10m }'],
  ['', 'digest: { wait: 3m }', 'digest: { wait: 1m, every: 10m, max: 4 }'],
  ['', 'repeat: 6m'],
  ['', 'escalate: [{ after: 4m, notify: boss }, { after: 9m, notify: chief }]'],
];
const BESIDE =
  'hours: { h: [{ from: "09:10", to: "09:20", timezone: UTC }, { from: "09:30", to: "24:00", timezone: UTC }] }\n';
const OTHER = ruleText('match: { data.state: dead }, resolve: { after: 8m }, notify: chief', 'other');
const MESSAGE = 'message: { title: "{{ key }}", body: "{{ status }} {{ count }} {{ suppressed }}" }';

const rule = fc
  .tuple(...STEPS.map((choices) => fc.constantFrom(...choices)))
  .map((parts) => [...parts.filter((part) => part !== ''), MESSAGE].join(', '));
const textOf = (own: string, more = ''): string => `${BESIDE}rules:\n${ruleText(own)}${OTHER}${more}`;

type Act =
  | { readonly kind: 'event'; readonly k: string; readonly state: string }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'ack'; readonly k: string };

const key = fc.constantFrom('a', 'b', 'c');
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('event'),
      k: key,
      state: fc.constantFrom('down', 'down', 'down', 'up', 'dead'),
    }),
  },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.integer({ min: SECOND, max: 4 * MINUTE }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('ack'), k: key }) },
) as fc.Arbitrary<Act>;
const acts = fc.array(act, { minLength: 1, maxLength: 40 });

function perform(runner: CoreRunner, one: Act): void {
  if (one.kind === 'event') runner.take({ k: one.k, state: one.state });
  else if (one.kind === 'wait') runner.wait(one.ms);
  else runner.acknowledge(one.k);
}

/** Everything that came of it; `between` happens before each act and may change nothing. */
function run(own: string, story: readonly Act[], between: (runner: CoreRunner, index: number) => void = () => {}) {
  const runner = new CoreRunner(textOf(own));
  story.forEach((one, index) => {
    between(runner, index);
    perform(runner, one);
  });
  runner.wait(60 * MINUTE);
  return { sent: runner.sent, fates: runner.fates, cancelled: runner.cancelled };
}

const RUNS = { numRuns: 150 };

test('the same log of events gives the same decisions', () => {
  fc.assert(
    fc.property(rule, acts, (own, story) => {
      expect(run(own, story)).toEqual(run(own, story));
    }),
    RUNS,
  );
});

test('restarts do not change the sent messages', () => {
  fc.assert(
    fc.property(rule, acts, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (own, story, restarts) => {
      const restarted = run(own, story, (runner, index) => restarts[index] === true && runner.restart());
      expect(restarted).toEqual(run(own, story));
    }),
    RUNS,
  );
});

test('reloads of other rules do not change the sent messages', () => {
  const extra = [
    ruleText('match: { data.state: none }, for: 1m', 'x'),
    ruleText('match: { data.state: none }, digest: { wait: 1m }', 'y'),
  ];
  fc.assert(
    fc.property(rule, acts, fc.array(fc.nat({ max: 2 }), { minLength: 40, maxLength: 40 }), (own, story, edits) => {
      const edited = run(own, story, (runner, index) => {
        if (edits[index]! > 0) runner.edit(textOf(own, extra[edits[index]! - 1]));
      });
      expect(edited).toEqual(run(own, story));
    }),
    RUNS,
  );
});

test('events of one instant and different keys may come in any order', () => {
  const burst = fc.uniqueArray(
    fc.record({ k: fc.string({ minLength: 1, maxLength: 3 }), state: fc.constantFrom('down', 'up') }),
    {
      selector: ({ k }) => k,
      minLength: 2,
      maxLength: 8,
    },
  );
  fc.assert(
    fc.property(rule, fc.array(burst, { minLength: 1, maxLength: 5 }), fc.func(fc.nat()), (own, bursts, order) => {
      const went = (sort: boolean) => {
        const runner = new CoreRunner(textOf(own));
        for (const events of bursts) {
          const inOrder = sort ? events.toSorted((a, b) => order(a.k) - order(b.k)) : events;
          for (const { k, state } of inOrder) runner.take({ k, state });
          runner.wait(2 * MINUTE);
        }
        runner.wait(60 * MINUTE);
        return runner.sent
          .map(({ at, channel, title, body, status }) => JSON.stringify([at, channel, title, body, status]))
          .sort();
      };
      expect(went(true)).toEqual(went(false));
    }),
    RUNS,
  );
});

test('every event has exactly one outcome for each matching rule, and one as a whole', () => {
  fc.assert(
    fc.property(rule, acts, (own, story) => {
      const runner = new CoreRunner(textOf(own));
      let events = 0;
      const sums: Record<string, number> = {};
      for (const one of story) {
        if (one.kind === 'event') {
          const event = {
            id: 'probe',
            source: 'api',
            type: 't',
            time: new Date(runner.now).toISOString(),
            data: { k: one.k, state: one.state },
          };
          const { results } = decide(event, select(event, runner.ruleset, runner.now), runner.context());
          expect(new Set(results.map(({ rule: name }) => name)).size).toBe(results.length);
          const outcome = summarize(results);
          sums[outcome] = (sums[outcome] ?? 0) + 1;
          events += 1;
        }
        perform(runner, one);
      }
      expect(Object.values(sums).reduce((sum, count) => sum + count, 0)).toBe(events);
    }),
    RUNS,
  );
});

test('a digest contains every event that it collected, once', () => {
  const collecting = fc.constantFrom(
    'digest: { wait: 3m }',
    'digest: { wait: 1m, every: 10m }',
    'digest: { every: 5m, max: 3 }',
  );
  fc.assert(
    fc.property(collecting, acts, (own, story) => {
      const { sent, fates } = run(
        `${own}, ${MESSAGE}`,
        story.filter(({ kind }) => kind !== 'ack'),
      );
      const digested = sent
        .filter(({ channel }) => channel === 'ops')
        .reduce((sum, { body }) => sum + Number(body.split(' ')[1]), 0);
      const came = fates.filter(
        ({ rule: name, outcome, event }, index) =>
          name === 'r' && (outcome === 'collected' || outcome === 'notified') && firstOf(fates, event, index),
      );
      expect(digested).toBe(came.length);
    }),
    RUNS,
  );
});

function firstOf(fates: readonly { event: string; rule: string }[], event: string, index: number): boolean {
  return fates.findIndex((fate) => fate.event === event && fate.rule === 'r') === index;
}

test('a woken state is never due again at once', () => {
  fc.assert(
    fc.property(rule, acts, (own, story) => {
      const runner = new CoreRunner(textOf(own));
      for (const one of story) {
        perform(runner, one);
        expect(runner.nextWake ?? Number.POSITIVE_INFINITY).toBeGreaterThan(runner.now - 1);
      }
      runner.wait(0);
      expect(runner.nextWake ?? Number.POSITIVE_INFINITY).toBeGreaterThan(runner.now);
    }),
    RUNS,
  );
});

test('no state is left after all waits and alerts have ended', () => {
  fc.assert(
    fc.property(rule, acts, (own, story) => {
      const runner = new CoreRunner(textOf(own));
      for (const one of story) perform(runner, one);
      for (const k of ['a', 'b', 'c']) {
        runner.take({ k, state: 'up' });
        runner.acknowledge(k, 'r');
      }
      runner.wait(24 * 60 * MINUTE);
      runner.take({ k: 'a', state: 'up' });
      for (const k of ['a', 'b', 'c']) runner.acknowledge(k, 'r');
      runner.wait(40 * 24 * 60 * MINUTE);
      expect(runner.rows().filter(({ expires }) => expires > runner.now)).toEqual([]);
      expect(runner.nextWake).toBeUndefined();
    }),
    RUNS,
  );
});
