import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { summarize } from '../../../daemon/core/event/summary.ts';
import { decide } from '../../../daemon/core/flow/decide.ts';
import { select } from '../../../daemon/core/flow/select.ts';
import { Desk, MINUTE, SECOND } from '../../support/daemon-api.ts';
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

function perform(desk: Desk, one: Act): void {
  if (one.kind === 'event') desk.take({ k: one.k, state: one.state });
  else if (one.kind === 'wait') desk.wait(one.ms);
  else desk.acknowledge(one.k);
}

/** Everything that came of it; `between` happens before each act and may change nothing. */
function run(own: string, story: readonly Act[], between: (desk: Desk, index: number) => void = () => {}) {
  const desk = new Desk(textOf(own));
  story.forEach((one, index) => {
    between(desk, index);
    perform(desk, one);
  });
  desk.wait(60 * MINUTE);
  return { sent: desk.sent, fates: desk.fates, cancelled: desk.cancelled };
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

test('restarts change nothing of what is sent', () => {
  fc.assert(
    fc.property(rule, acts, fc.array(fc.boolean(), { minLength: 40, maxLength: 40 }), (own, story, restarts) => {
      const restarted = run(own, story, (desk, index) => restarts[index] === true && desk.restart());
      expect(restarted).toEqual(run(own, story));
    }),
    RUNS,
  );
});

test('reloads of other rules change nothing of what is sent', () => {
  const extra = [
    ruleText('match: { data.state: none }, for: 1m', 'x'),
    ruleText('match: { data.state: none }, digest: { wait: 1m }', 'y'),
  ];
  fc.assert(
    fc.property(rule, acts, fc.array(fc.nat({ max: 2 }), { minLength: 40, maxLength: 40 }), (own, story, edits) => {
      const edited = run(own, story, (desk, index) => {
        if (edits[index]! > 0) desk.edit(textOf(own, extra[edits[index]! - 1]));
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
        const desk = new Desk(textOf(own));
        for (const events of bursts) {
          const inOrder = sort ? events.toSorted((a, b) => order(a.k) - order(b.k)) : events;
          for (const { k, state } of inOrder) desk.take({ k, state });
          desk.wait(2 * MINUTE);
        }
        desk.wait(60 * MINUTE);
        return desk.sent
          .map(({ at, channel, title, body, status }) => JSON.stringify([at, channel, title, body, status]))
          .sort();
      };
      expect(went(true)).toEqual(went(false));
    }),
    RUNS,
  );
});

test('every event has exactly one outcome for each rule that wanted it, and one for itself', () => {
  fc.assert(
    fc.property(rule, acts, (own, story) => {
      const desk = new Desk(textOf(own));
      let events = 0;
      const sums: Record<string, number> = {};
      for (const one of story) {
        if (one.kind === 'event') {
          const event = {
            id: 'probe',
            source: 'api',
            type: 't',
            time: new Date(desk.now).toISOString(),
            data: { k: one.k, state: one.state },
          };
          const { results } = decide(event, select(event, desk.ruleset, desk.now), desk.context());
          expect(new Set(results.map(({ rule: name }) => name)).size).toBe(results.length);
          const outcome = summarize(results);
          sums[outcome] = (sums[outcome] ?? 0) + 1;
          events += 1;
        }
        perform(desk, one);
      }
      expect(Object.values(sums).reduce((sum, count) => sum + count, 0)).toBe(events);
    }),
    RUNS,
  );
});

test('a digest tells of every event that it collected, once', () => {
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
      const told = sent
        .filter(({ channel }) => channel === 'ops')
        .reduce((sum, { body }) => sum + Number(body.split(' ')[1]), 0);
      const came = fates.filter(
        ({ rule: name, outcome, event }, index) =>
          name === 'r' && (outcome === 'collected' || outcome === 'notified') && firstOf(fates, event, index),
      );
      expect(told).toBe(came.length);
    }),
    RUNS,
  );
});

function firstOf(fates: readonly { event: string; rule: string }[], event: string, index: number): boolean {
  return fates.findIndex((fate) => fate.event === event && fate.rule === 'r') === index;
}

test('what is woken is never left to be woken again at once', () => {
  fc.assert(
    fc.property(rule, acts, (own, story) => {
      const desk = new Desk(textOf(own));
      for (const one of story) {
        perform(desk, one);
        expect(desk.nextWake ?? Number.POSITIVE_INFINITY).toBeGreaterThan(desk.now - 1);
      }
      desk.wait(0);
      expect(desk.nextWake ?? Number.POSITIVE_INFINITY).toBeGreaterThan(desk.now);
    }),
    RUNS,
  );
});

test('after everything is over nothing is remembered any more', () => {
  fc.assert(
    fc.property(rule, acts, (own, story) => {
      const desk = new Desk(textOf(own));
      for (const one of story) perform(desk, one);
      for (const k of ['a', 'b', 'c']) {
        desk.take({ k, state: 'up' });
        desk.acknowledge(k, 'r');
      }
      desk.wait(24 * 60 * MINUTE);
      desk.take({ k: 'a', state: 'up' });
      for (const k of ['a', 'b', 'c']) desk.acknowledge(k, 'r');
      desk.wait(40 * 24 * 60 * MINUTE);
      expect(desk.rows().filter(({ expires }) => expires > desk.now)).toEqual([]);
      expect(desk.nextWake).toBeUndefined();
    }),
    RUNS,
  );
});
