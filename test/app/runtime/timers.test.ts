import { afterEach, beforeEach, expect, test } from 'vitest';
import { Timers } from '../../../daemon/app/runtime/timers.ts';
import { decide } from '../../../daemon/core/flow/decide.ts';
import type { Decision } from '../../../daemon/core/flow/decision.ts';
import type { Ruleset } from '../../../daemon/core/ruleset.ts';
import { select } from '../../../daemon/core/flow/select.ts';
import { newId } from '../../../daemon/lib/id.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { rulesetOf } from '../../support/compile.ts';
import { memoryLog } from '../../support/delivery.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MINUTE = 60_000;
let store: Store;
let clock: VirtualClock;
let ruleset: Ruleset;
let woken: Decision[];
let timers: Timers;
let logged: ReturnType<typeof memoryLog>;

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
  clock = new VirtualClock();
  woken = [];
  logged = memoryLog();
  use('for: 10m');
  timers = open();
});
afterEach(async () => {
  await timers.stop();
  await store.close();
});

function use(rule: string): void {
  ruleset = rulesetOf(
    `channels: { ops: { type: sink } }\nrules: [{ name: r, key: "{{ data.k }}", notify: ops, ${rule} }]`,
  );
}

function open(): Timers {
  return new Timers({
    store,
    live: () => ruleset,
    clock,
    newId: () => newId(clock.now()),
    log: logged.log,
    onWake: (decision) => woken.push(decision),
  });
}

async function emit(k: string): Promise<void> {
  const now = clock.now();
  const event = { id: newId(now), source: 'api', type: 't', time: new Date(now).toISOString(), data: { k } };
  const context = { ruleset, now, newId: () => newId(now) };
  await store.transact({ arrivals: [{ event, mayRepeat: false }], now }, (one, memory) =>
    decide(one, select(one, ruleset, now), { ...context, memory }),
  );
}

const outcomes = (): string[] =>
  woken.flatMap(({ later = [] }) => later.map(({ result }) => `${result.key}: ${result.outcome}`));
const pendingCount = (): number => store.deliveries.counts().byChannel.get('ops')?.pending ?? 0;

test('wakes a due state once, at its time', async () => {
  timers.start();
  await emit('a');
  await clock.advance(5 * MINUTE);
  await emit('b');
  await clock.advance(5 * MINUTE - 1);
  expect(outcomes()).toEqual([]);
  await clock.advance(1);
  expect(outcomes()).toEqual(['a: notified']);
  expect(pendingCount()).toBe(1);
  await clock.advance(60 * MINUTE);
  expect(outcomes()).toEqual(['a: notified', 'b: notified']);
});

test('wakes nothing before it is started, then what has become due', async () => {
  await emit('a');
  await clock.advance(20 * MINUTE);
  expect(outcomes()).toEqual([]);
  timers.start();
  await clock.advance(1);
  expect(outcomes()).toEqual(['a: notified']);
});

test('wakes more states at one time than fit in one round', async () => {
  timers.start();
  for (let index = 0; index < 450; index += 1) await emit(`k${index}`);
  await clock.advance(10 * MINUTE + 1000);
  expect(new Set(outcomes()).size).toBe(450);
  expect(outcomes()).toHaveLength(450);
});

test('uses the new times after an edit', async () => {
  timers.start();
  await emit('a');
  use('for: 2m');
  await timers.reschedule(ruleset.rules);
  await clock.advance(2 * MINUTE);
  expect(outcomes()).toEqual(['a: notified']);
});

test('drops the waiting states of a removed rule, and reports it', async () => {
  timers.start();
  await emit('a');
  ruleset = rulesetOf('channels: { ops: { type: sink } }');
  await clock.advance(10 * MINUTE);
  expect(outcomes()).toEqual(['a: error']);
  expect(store.timers.next()).toBeUndefined();
});

test('continues after the store has refused decisions for a while, and logs that once', async () => {
  timers.start();
  await emit('a');
  const change: Store['applyDecision'] = store.applyDecision.bind(store);
  let refusals = 3;
  store.applyDecision = (now, decideNow) => {
    if (refusals === 0) return change(now, decideNow);
    refusals -= 1;
    return Promise.reject(new Error('full'));
  };
  await clock.advance(11 * MINUTE);
  expect(refusals).toBe(0);
  expect(outcomes()).toEqual(['a: notified']);
  expect(logged.lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
    'timers: due timers could not be handled; they are tried again: full',
    'timers: due timers are handled again',
  ]);
});

test('leaves no timer when it is stopped', async () => {
  timers.start();
  await emit('a');
  await timers.stop();
  expect(clock.waiting).toBe(0);
  await clock.advance(20 * MINUTE);
  expect(outcomes()).toEqual([]);
});

test('keeps a firing alert for a day after its rule is removed', async () => {
  timers.start();
  use('resolve: { match: { data.over: true } }');
  await emit('a');
  const rules = ruleset;
  ruleset = rulesetOf('channels: { ops: { type: sink } }');
  await timers.reschedule([], ['r']);
  await clock.advance(20 * 60 * MINUTE);
  ruleset = rules;
  await timers.reschedule(ruleset.rules);
  await clock.advance(20 * 60 * MINUTE);
  expect(store.memory(clock.now()).read('r', 'a', 'alert')).toMatchObject({ count: 1 });
  ruleset = rulesetOf('channels: { ops: { type: sink } }');
  await timers.reschedule([], ['r']);
  await clock.advance(24 * 60 * MINUTE);
  expect(store.memory(clock.now()).read('r', 'a', 'alert')).toBeUndefined();
  expect(outcomes()).toEqual(['a: error']);
});
