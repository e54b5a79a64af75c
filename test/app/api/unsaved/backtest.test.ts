import { expect, onTestFinished, test } from 'vitest';
import { SILENCES } from '../../../../daemon/core/flow/steps/silence.ts';
import { newId } from '../../../../daemon/lib/id.ts';
import { openHistory } from './recorded-day.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const CHANNELS = 'channels: { ops: { type: log }, boss: { type: log } }\n';
const EVERY_STEP = `${CHANNELS}
hours: { office: { days: mon-sun, from: "09:00", to: "18:00", timezone: UTC } }
rules:
  - { name: throttled, key: "{{ data.k }}", match: { type: a }, throttle: { max: 2, per: 30m }, notify: ops }
  - { name: once, key: "{{ data.k }}", match: { type: a }, dedupe: 50m, notify: [ops, boss] }
  - { name: grouped, key: "{{ data.k }}", match: { type: a }, digest: { wait: 20m, every: 1h, max: 9 }, notify: ops }
  - { name: lasting, key: "{{ data.k }}", match: { type: b }, for: 15m, resolve: { match: { type: z } }, notify: ops }
  - { name: many, match: { type: a }, threshold: { count: 5, within: 1h }, notify: ops }
  - name: alert
    key: "{{ data.k }}"
    match: { type: b }
    resolve: { match: { type: z } }
    notify_resolved: true
    repeat: 90m
    escalate: [{ after: 25m, notify: boss }]
    notify: [ops, { channel: boss, delay: 10m }]
  - { name: quiet, match: { type: a }, inhibited_by: { rule: alert, equal: [data.k] }, notify: ops }
  - { name: held, key: "{{ data.k }}", match: { type: b }, during: office, outside: hold, notify: ops }
  - { name: rest, catch_all: true, notify: ops }
`;

async function opened(rules: string) {
  const history = await openHistory(rules);
  onTestFinished(history.close);
  return history;
}

/** Two days of events, the same in every run. */
async function record({ emit, until, start }: Awaited<ReturnType<typeof opened>>, events = 300): Promise<void> {
  let [at, seed] = [start, 7];
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let index = 0; index < events; index += 1) {
    at += random(20) * MINUTE + random(1000);
    await emit(at, 'aaabbz.'[random(7)]!, { k: 'xyz'[random(3)]! });
  }
  await until(at + 2 * HOUR);
}

test('the rules that were live would have sent exactly what was sent', async () => {
  const history = await opened(EVERY_STEP);
  await record(history);
  const sent = await history.store.deliveries.page({ order: 'asc', limit: 10_000 });
  expect(sent.items.some(({ state }) => state === 'cancelled')).toBe(true);
  for (const ago of [3 * 24 * HOUR, 20 * HOUR]) {
    const { was, would, rules, events } = await history.backtest({ since: { ago } });
    expect(was).toBeGreaterThan(80);
    expect(events).toBeGreaterThan(80);
    expect(rules.map(({ rule, was: before, would: after }) => [rule, after, before])).toEqual(
      rules.map(({ rule, was: before }) => [rule, before, before]),
    );
    expect(rules.filter(({ was: before }) => before === 0)).toEqual([]);
    expect(rules.flatMap(({ examples }) => examples)).toEqual([]);
    expect(would).toBe(was);
  }
});

test('an edited rule is compared with what it sent, with examples of both kinds', async () => {
  const history = await opened(`${CHANNELS}
rules:
  - { name: disk, match: { type: disk }, message: { title: "Disk {{ data.n }}" }, notify: ops }
  - { name: other, match: { type: other }, notify: boss }
`);
  for (let n = 0; n < 212; n += 1) await history.emit(history.start + n * MINUTE, 'disk', { n });
  await history.emit(history.start + 4 * HOUR, 'other', {});
  await history.until(history.start + 5 * HOUR);
  const text = `rules:
  - { name: disk, match: { type: disk }, throttle: { max: 1, per: 16m }, message: { title: "Disk {{ data.n }}" }, notify: [ops, boss] }
`;
  const result = await history.backtest({ since: { ago: 24 * HOUR }, rules: { text, base: true } });
  expect(result.rules).toMatchObject([
    { rule: 'other', was: 1, would: 1, examples: [] },
    { rule: 'disk', was: 212, would: 28, added: 14, removed: 198 },
  ]);
  expect(result).toMatchObject({
    was: 213,
    would: 29,
    events: 213,
    history_from: new Date(history.start).toISOString(),
  });
  const { examples } = result.rules[1]!;
  expect(examples).toHaveLength(5);
  expect(examples[0]).toMatchObject({
    change: 'added',
    channel: 'boss',
    title: 'Disk 0',
    at: new Date(history.start).toISOString(),
  });
  expect(examples.at(-1)).toMatchObject({ change: 'removed', channel: 'ops', title: 'Disk 2' });
  const { items } = await history.store.events({ order: 'asc', limit: 1 });
  expect(examples[0]!.event).toBe(items[0]!.event.id);
  const alone = await history.backtest({ since: { ago: 24 * HOUR }, rules: { text, base: false } });
  expect(alone.rules.map(({ rule }) => rule)).toEqual(['disk']);
  const one = await history.backtest({ since: { ago: 24 * HOUR }, rules: { text, base: true }, rule: 'other' });
  expect(one.rules).toMatchObject([{ rule: 'other', was: 1, would: 1 }]);
});

test('the first line is progress, also of a short history', async () => {
  const { api, start } = await opened(`${CHANNELS}rules: [{ name: disk, match: { type: disk }, notify: ops }]`);
  const lines: unknown[] = [];
  for await (const line of api.backtest({ since: { ago: HOUR } }, new AbortController().signal)) lines.push(line);
  const at = new Date(start - 25 * HOUR).toISOString();
  expect(lines).toMatchObject([
    { progress: 0, events: 0, at },
    { was: 0, would: 0 },
  ]);
});

test('windows that were open at the beginning are as they were, by the events of the day before', async () => {
  const history = await opened(`${CHANNELS}
rules: [{ name: disk, match: { type: disk }, dedupe: 6h, notify: ops }]
`);
  for (let hour = 0; hour < 12; hour += 1) await history.emit(history.start + hour * HOUR, 'disk', {});
  await history.until(history.start + 12 * HOUR);
  const { was, would } = await history.backtest({ since: { ago: 8 * HOUR } });
  expect([was, would]).toEqual([1, 1]);
});

test('a silence that a person made applies from then on', async () => {
  const history = await opened(`${CHANNELS}
rules: [{ name: disk, match: { type: disk }, notify: ops }]
`);
  await history.emit(history.start, 'disk', {});
  await history.until(history.start + HOUR);
  const id = newId(history.start + HOUR);
  const value = {
    id,
    match: { rule: 'disk' },
    until: new Date(history.start + 99 * HOUR).toISOString(),
    reason: 'release',
  };
  await history.store.applyDecision(history.start + HOUR, () => ({
    results: [],
    states: [{ rule: SILENCES.rule, key: id, step: SILENCES.step, value, expires: history.start + 100 * HOUR }],
    deliveries: [],
  }));
  const decision = await history.emit(history.start + 2 * HOUR, 'disk', {});
  expect(decision.results).toMatchObject([{ outcome: 'silenced' }]);
  const { rules } = await history.backtest({ since: { ago: 24 * HOUR } });
  expect(rules).toMatchObject([{ was: 1, would: 1, examples: [] }]);
});

test('a message by which a fallback replaced a dead one is not counted as sent by the rule', async () => {
  const history = await opened(`${CHANNELS}
rules: [{ name: disk, match: { type: disk }, notify: ops }]
`);
  const { deliveries } = await history.emit(history.start, 'disk', {});
  await history.store.deliveries.claim('ops', { limit: 1, now: history.start, ordered: false });
  const { delivery } = deliveries[0]!;
  const fallback = {
    delivery: { ...delivery, id: newId(history.start), channel: 'boss', fallbackOf: 'ops' },
    dueAt: history.start,
  };
  const error = { code: 'http.404', message: 'gone' };
  await history.store.deliveries.settle(delivery.id, { state: 'dead', class: 'permanent', error, fallback });
  await history.until(history.start + HOUR);
  const { rules } = await history.backtest({ since: { ago: 2 * HOUR } });
  expect(rules).toMatchObject([{ was: 1, would: 1 }]);
});

test('the errors of a template are named, and a rule that nobody has is refused', async () => {
  const history = await opened(`${CHANNELS}
rules: [{ name: disk, match: { type: disk }, notify: ops }]
`);
  await history.emit(history.start, 'disk', { n: {} });
  await history.until(history.start + HOUR);
  const text =
    'rules: [{ name: disk, match: { type: disk }, message: { title: "{{ data.x.y | divided_by: 0 }}" }, notify: ops }]';
  const { rules } = await history.backtest({ since: { ago: 2 * HOUR }, rules: { text, base: true } });
  expect(rules[0]!.error).toMatch(/^ops: title: /);
  const rejected = history.backtest({ since: { ago: 2 * HOUR }, rules: { text, base: true }, rule: 'disc' });
  await expect(rejected).rejects.toMatchObject({ code: 'rule.none' });
  const broken = history.backtest({
    since: { ago: HOUR },
    rules: { text: 'rules: [{ name: disk, notify: opps }]', base: true },
  });
  await expect(broken).rejects.toMatchObject({ code: 'rules.invalid', problems: [{ file: 'rules', line: 1 }] });
  await expect(history.backtest({ since: { ago: 0 } })).rejects.toMatchObject({ code: 'backtest.range' });
});

test('one backtest runs at a time, and a caller who goes away ends it', async () => {
  const history = await opened(EVERY_STEP);
  await record(history, 20);
  const rules = { text: EVERY_STEP, base: false };
  const gone = new AbortController();
  const first = history.api.backtest({ since: { ago: 100 * HOUR }, rules }, gone.signal)[Symbol.asyncIterator]();
  const waiting = first.next();
  await expect(history.backtest({ since: { ago: HOUR }, rules })).rejects.toMatchObject({ code: 'backtest.running' });
  gone.abort();
  await waiting;
  await first.return?.();
  expect((await history.backtest({ since: { ago: HOUR }, rules })).rules).toHaveLength(9);
});
