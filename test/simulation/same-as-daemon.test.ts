import * as fc from 'fast-check';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { decide } from '../../daemon/core/flow/decide.ts';
import type { Decision } from '../../daemon/core/flow/decision.ts';
import type { Event, EventInput } from '../../daemon/core/event/event.ts';
import { decideWake } from '../../daemon/core/flow/wake.ts';
import { select } from '../../daemon/core/flow/select.ts';
import { Simulator } from '../../daemon/simulation/simulator.ts';
import { openStore } from '../../daemon/store/sqlite/sqlite.ts';
import { rulesetOf } from '../support/compile.ts';

const START = Date.UTC(2026, 10, 23, 9);
const MINUTE = 60_000;

const ruleset = rulesetOf(`
channels: { ops: { type: sink }, boss: { type: sink } }
hours: { office: { days: mon-sun, from: "09:00", to: "10:00", timezone: UTC } }
defaults: { message: { title: "{{ rule }} {{ key }} {{ status }} {{ count }} {{ suppressed }} {{ events.size }}" } }
rules:
  - { name: throttled, key: "{{ data.k }}", match: { type: a }, throttle: { max: 2, per: 10m }, notify: ops }
  - { name: grouped, key: "{{ data.k }}", match: { type: a }, digest: { wait: 3m, every: 20m, max: 4 }, notify: ops }
  - { name: lasting, key: "{{ data.k }}", match: { type: a }, for: 5m, resolve: { match: { type: z } }, notify: ops }
  - { name: many, key: "{{ data.k }}", match: { type: a }, threshold: { count: 3, within: 10m }, dedupe: 4m, notify: ops }
  - name: alert
    key: "{{ data.k }}"
    match: { type: b }
    resolve: { match: { type: z } }
    notify_resolved: true
    repeat: 15m
    escalate: [{ after: 25m, notify: boss }]
    notify: [ops, { channel: boss, delay: 2m }]
  - { name: quiet, match: { type: a }, inhibited_by: { rule: alert, equal: [data.k] }, notify: ops }
  - { name: held, key: "{{ data.k }}", match: { type: a }, during: office, outside: hold, notify: ops }
  - { name: rest, catch_all: true, notify: ops }
`);

interface Input {
  readonly after: number;
  readonly type: string;
  readonly k: string;
}

const inputs = fc.record({
  after: fc.oneof(fc.constantFrom(0, 0, MINUTE, 3 * MINUTE, 5 * MINUTE), fc.integer({ min: 1, max: 40 * MINUTE })),
  type: fc.constantFrom('a', 'a', 'b', 'z', 'other'),
  k: fc.constantFrom('x', 'y'),
});

const busy: readonly Input[] = [
  ...[0, 0, 0, 0, 0, 0, 6].map((after) => ({ after: after * MINUTE, type: 'a', k: 'x' })),
  { after: MINUTE, type: 'b', k: 'x' },
  { after: MINUTE, type: 'a', k: 'x' },
  { after: 30 * MINUTE, type: 'other', k: 'x' },
  { after: MINUTE, type: 'z', k: 'x' },
  { after: 30 * MINUTE, type: 'a', k: 'y' },
];

/** Outcomes of each event, the last later outcome of each rule between two events, and the sent messages with their time. */
interface Run {
  readonly outcomes: readonly string[];
  readonly later: readonly string[];
  readonly sent: readonly string[];
}

const inputOf = ({ type, k }: Input, id: number): EventInput => ({ id: String(id), type, data: { k } });

async function simulated(all: readonly Input[], end: number): Promise<Run> {
  const simulator = new Simulator({ ruleset, sourceTypes: [], log: pino({ level: 'silent' }), at: START, answers: {} });
  const [outcomes, later]: [string[], string[]] = [[], []];
  const look = (): void =>
    void later.push(...[...simulator.takeLater()].map(([rule, { outcome }]) => `${rule}: ${outcome}`));
  for (const [index, one] of all.entries()) {
    await simulator.until(simulator.clock.now() + one.after);
    look();
    const results = await simulator.emit(inputOf(one, index));
    outcomes.push((results ?? []).map(({ rule, outcome }) => `${rule}: ${outcome}`).join(', '));
  }
  await simulator.until(end);
  look();
  return {
    outcomes,
    later: later.toSorted(),
    sent: simulator.takeSent().map(({ at, delivery }) => lineOf(at, delivery)),
  };
}

function lineOf(
  at: number,
  { channel, message }: { readonly channel: string; readonly message: { readonly title: string } },
): string {
  return `${new Date(at).toISOString()} ${channel} ${message.title}`;
}

/** The same events through the store of the daemon. */
async function stored(all: readonly Input[], end: number): Promise<Run> {
  const store = await openStore({ path: ':memory:' });
  try {
    let [now, ids] = [START, 0];
    let last = new Map<string, string>();
    const [outcomes, later]: [string[], string[]] = [[], []];
    const planned = new Map<string, { readonly at: number; readonly line: string }>();
    const newId = (): string => `00000000-0000-7000-8000-${String((ids += 1)).padStart(12, '0')}`;
    const keep = ({ deliveries, cancels = [], later: woken = [] }: Decision): void => {
      for (const { delivery, dueAt } of deliveries)
        planned.set(delivery.id, { at: dueAt, line: lineOf(dueAt, delivery) });
      for (const id of cancels) if (planned.get(id)!.at > now) planned.delete(id);
      for (const { result } of woken) last.set(result.rule, `${result.rule}: ${result.outcome}`);
    };
    const until = async (time: number): Promise<void> => {
      for (let next = store.timers.next(); next !== undefined && next <= time; next = store.timers.next()) {
        now = Math.max(now, next);
        for (const place of store.timers.due(now, 1000))
          keep(await store.applyDecision(now, (memory) => decideWake(place, { ruleset, memory, now, newId })));
      }
      now = time;
      later.push(...last.values());
      last = new Map();
    };
    for (const [index, one] of all.entries()) {
      await until(now + one.after);
      const event = { ...inputOf(one, index), source: 'api', time: new Date(now).toISOString() } as Event;
      const [accepted] = await store.transact({ arrivals: [{ event, mayRepeat: true }], now }, (taken, memory) =>
        decide(taken, select(taken, ruleset, now), { ruleset, memory, now, newId }),
      );
      const decision = accepted!.decision!;
      keep(decision);
      outcomes.push(decision.results.map(({ rule, outcome }) => `${rule}: ${outcome}`).join(', '));
    }
    await until(end);
    const sent = [...planned.values()].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at);
    return { outcomes, later: later.toSorted(), sent: sent.map(({ line }) => line) };
  } finally {
    await store.close();
  }
}

it('the simulator and the store of the daemon give the same outcomes and messages for the same events', async () => {
  const seen = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(inputs, { minLength: 1, maxLength: 30 }), async (all) => {
      const end = START + all.reduce((sum, { after }) => sum + after, 0) + 24 * 60 * MINUTE;
      const [test, daemon] = [await simulated(all, end), await stored(all, end)];
      expect({ ...test, sent: test.sent.toSorted() }).toEqual({ ...daemon, sent: daemon.sent.toSorted() });
      for (const line of [...test.outcomes.flatMap((text) => text.split(', ')), ...test.later]) seen.add(line);
    }),
    { numRuns: 60, examples: [[busy]] },
  );
  // Proof of coverage: these outcomes were compared.
  expect([...seen]).toEqual(
    expect.arrayContaining([
      'throttled: throttled',
      'grouped: collected',
      'grouped: notified',
      'lasting: waiting',
      'lasting: notified',
      'lasting: resolved',
      'many: counting',
      'many: deduplicated',
      'many: notified',
      'alert: notified',
      'alert: resolved',
      'quiet: inhibited',
      'quiet: notified',
      'held: held',
      'held: notified',
      'rest: notified',
    ]),
  );
}, 20_000);
