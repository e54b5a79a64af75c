import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { openAlertActions } from '../../../daemon/app/api/alert-actions.ts';
import { Timers } from '../../../daemon/app/runtime/timers.ts';
import { decide } from '../../../daemon/core/flow/decide.ts';
import type { Decision } from '../../../daemon/core/flow/decision.ts';
import type { Json } from '../../../daemon/core/values/json.ts';
import type { Ruleset } from '../../../daemon/core/ruleset.ts';
import { select } from '../../../daemon/core/flow/select.ts';
import { newId } from '../../../daemon/lib/id.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { openStore } from '../../../daemon/store/sqlite/sqlite.ts';
import { rulesetOf } from '../../support/compile.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DISK = `
channels: { ops: { type: sink }, boss: { type: sink } }
rules:
  - name: disk-full
    match: { type: disk }
    key: "{{ data.host }}"
    resolve: { match: { type: disk.ok } }
    escalate: [{ after: 30m, notify: boss }]
    notify: ops
  - { name: login, match: { type: login }, key: "{{ data.host }}", notify: ops }
`;

/** Store, rules and timers as the daemon has them together, on a clock of their own. */
async function opened(rules = DISK, path = ':memory:') {
  const clock = new VirtualClock();
  const ruleset: Ruleset = rulesetOf(rules);
  const store = await openStore({ path });
  const log = pino({ level: 'silent' });
  const ids = (): string => newId(clock.now());
  const decisions: Decision[] = [];
  const timers = new Timers({
    store,
    live: () => ruleset,
    clock,
    newId: ids,
    log,
    onWake: (decision) => decisions.push(decision),
  });
  timers.start();
  const runner = openAlertActions({ store, live: () => ruleset, clock, newId: ids, log, scrubber: new Scrubber() });
  const close = async (): Promise<void> => {
    await timers.stop();
    await store.close();
  };
  onTestFinished(close);
  const emit = async (type: string, data: Json): Promise<string> => {
    const now = clock.now();
    const event = { id: newId(now), source: 'api', type, time: new Date(now).toISOString(), data };
    const [accepted] = await store.transact({ arrivals: [{ event, mayRepeat: false }], now }, (one, memory) =>
      decide(one, select(one, ruleset, now), { ruleset, memory, now, newId: ids }),
    );
    decisions.push(accepted!.decision!);
    return accepted!.decision!.results.map(({ outcome }) => outcome).join(' ');
  };
  /** Channels that were told since the last time it was asked. */
  const told = (): string[] =>
    decisions.splice(0).flatMap(({ deliveries }) => deliveries.map(({ delivery }) => delivery.channel));
  const make = async (posted: object) => {
    const made = await runner.silence({ match: {}, reason: 'test', for: '1h', ...posted });
    if (made.kind !== 'made') throw new Error(JSON.stringify(made));
    return made.silence;
  };
  return { clock, store, runner, emit, told, make, close };
}

test('a silence keeps quiet what it matches, until it is over, and can still be looked up for five days', async () => {
  const { clock, runner, emit, make } = await opened();
  const made = await make({ match: { 'data.host': 'w1' }, by: 'ann', name: 'release' });
  expect(made).toEqual({
    id: made.id,
    origin: 'api',
    name: 'release',
    reason: 'test',
    by: 'ann',
    match: { 'data.host': 'w1' },
    until: '2026-11-23T10:00:00.000Z',
    state: 'active',
    active_until: '2026-11-23T10:00:00.000Z',
    would_silence: { alerts: 0, events: 0 },
  });
  expect(await emit('login', { host: 'w1' })).toBe('silenced');
  expect(await emit('login', { host: 'w2' })).toBe('notified');
  await clock.advance(HOUR);
  expect(await emit('login', { host: 'w1' })).toBe('notified');
  expect(runner.silences()).toMatchObject([{ id: made.id, state: 'expired' }]);
  await clock.advance(5 * DAY - 1);
  expect(runner.silences()).toHaveLength(1);
  await clock.advance(1);
  expect(runner.silences()).toEqual([]);
});

test('silences outlive the process', async () => {
  const folder = await temporaryFolder();
  const first = await opened(DISK, folder);
  const made = await first.make({ match: { rule: 'login' }, if: 'data.n > 2' });
  await first.close();
  const second = await opened(DISK, folder);
  expect(second.runner.silences()).toMatchObject([{ id: made.id, if: 'data.n > 2', state: 'active' }]);
  expect(await second.emit('login', { host: 'w1', n: 3 })).toBe('silenced');
  expect(await second.emit('login', { host: 'w1', n: 1 })).toBe('notified');
});

test('those of the files are listed before those of people, and say where they stand', async () => {
  const { runner, make } = await opened(`${DISK}
silences: [{ name: night, match: { rule: login }, recurring: { cron: "0 22 * * *", for: 8h, timezone: UTC }, reason: sleep }]`);
  await make({});
  expect(runner.silences()).toMatchObject([
    {
      id: expect.stringMatching(/^file:/),
      origin: 'file',
      file: '0.yaml',
      name: 'night',
      match: { rule: 'login' },
      recurring: { cron: '0 22 * * *', for: '8h', timezone: 'UTC' },
      state: 'pending',
    },
    { origin: 'api' },
  ]);
  const { id } = runner.silences()[0]!;
  expect(await runner.expireSilence(id)).toEqual({ kind: 'file', file: '0.yaml' });
});

test('a silence that somebody ends is over at once, and ending it again changes nothing', async () => {
  const { clock, runner, emit, make } = await opened();
  const [now, later] = [await make({}), await make({ from: '2026-11-24T09:00:00Z', match: { rule: 'login' } })];
  await clock.advance(MINUTE);
  expect(await runner.expireSilence(now.id)).toEqual({ kind: 'expired' });
  expect(await runner.expireSilence(later.id)).toEqual({ kind: 'expired' });
  expect(await emit('login', { host: 'w1' })).toBe('notified');
  await clock.advance(MINUTE);
  expect(await runner.expireSilence(now.id)).toEqual({ kind: 'was_expired' });
  expect(await runner.expireSilence('nobody')).toEqual({ kind: 'none' });
  const until = '2026-11-23T09:01:00.000Z';
  expect(runner.silences()).toMatchObject([
    { id: now.id, state: 'expired', until },
    { id: later.id, state: 'expired', until },
  ]);
  await clock.advance(DAY);
  expect(await emit('login', { host: 'w1' })).toBe('notified');
});

test('what a silence kept from escalating escalates when somebody ends the silence', async () => {
  const { clock, runner, emit, told, make } = await opened();
  await emit('disk', { host: 'w1' });
  expect(told()).toEqual(['ops']);
  const { id } = await make({ for: '8h' });
  await clock.advance(HOUR);
  expect(told()).toEqual([]);
  await runner.expireSilence(id);
  await clock.advance(1);
  expect(told()).toEqual(['boss']);
  await clock.advance(8 * HOUR);
  expect(told()).toEqual([]);
});

test('it is told before how much a silence would keep quiet, by the same matching', async () => {
  const { clock, emit, make } = await opened();
  await emit('login', { host: 'w9' });
  await clock.advance(DAY + 1);
  for (const host of ['w1', 'w1', 'w2']) await emit('disk', { host });
  await emit('disk.ok', { host: 'w2' });
  await emit('login', { host: 'w1' });
  await emit('nobody.wants.it', { host: 'w1' });
  expect((await make({})).would_silence).toEqual({ alerts: 1, events: 4 });
  expect((await make({ match: { rule: 'disk-full' } })).would_silence).toEqual({ alerts: 1, events: 3 });
  expect((await make({ match: { key: 'w2' } })).would_silence).toEqual({ alerts: 0, events: 1 });
  expect((await make({ match: {}, if: 'data.host == "w1"' })).would_silence).toEqual({ alerts: 1, events: 3 });
});

test('a condition that fails silences nothing, and says so when the silence is made and when it is met', async () => {
  const { store, emit, make } = await opened();
  await emit('login', { host: 'w1' });
  const { would_silence: would } = await make({ if: 'data.host > 5' });
  expect(would).toMatchObject({ alerts: 0, events: 0, error: expect.stringMatching(/overload|no such|type/i) });
  const id = newId(Date.now());
  const ruleset = rulesetOf(DISK);
  const event = { id, source: 'api', type: 'login', time: '', data: { host: 'w1' } };
  const now = Date.parse('2026-11-23T09:00:00Z');
  const context = { ruleset, memory: store.memory(now), now, newId: () => 'd' };
  expect(decide(event, select(event, ruleset, now), context).results).toMatchObject([
    { outcome: 'notified', errors: [expect.stringContaining('silence ')] },
  ]);
});

test('what is wrong with a silence is told, and nothing is kept of it', async () => {
  const { runner } = await opened();
  expect(await runner.silence({ match: {}, for: '1h' })).toMatchObject({
    kind: 'invalid',
    problems: [{ pointer: '/reason' }],
  });
  expect(runner.silences()).toEqual([]);
});

test('there are at most a thousand that are not over', async () => {
  const { clock, runner, make } = await opened();
  await Promise.all(Array.from({ length: 999 }, () => make({ for: '10m' })));
  const two = await Promise.all([1, 2].map(() => runner.silence({ match: {}, reason: 'r', for: '1h' })));
  expect(two.map(({ kind }) => kind).sort()).toEqual(['made', 'too_many']);
  await clock.advance(10 * MINUTE);
  await make({});
});

test('an alert is acknowledged for every rule or for one, and does not escalate any more', async () => {
  const { clock, runner, emit, told } = await opened();
  await emit('disk', { host: 'w1' });
  await emit('disk', { host: 'w2' });
  expect(runner.alerts().map(({ key, state }) => [key, state])).toEqual([
    ['w1', 'firing'],
    ['w2', 'firing'],
  ]);
  expect(await runner.acknowledge({ key: 'w1', rule: 'disk-full', by: 'ann' })).toEqual({
    acknowledged: [{ rule: 'disk-full', key: 'w1' }],
  });
  expect(runner.alerts('disk-full')).toMatchObject([
    { key: 'w1', state: 'acknowledged', acknowledged_by: 'ann' },
    { key: 'w2', state: 'firing' },
  ]);
  expect(runner.alerts('login')).toEqual([]);
  told();
  await clock.advance(HOUR);
  expect(told()).toEqual(['boss']);
});

test('who acknowledges what does not fire hears what was probably meant', async () => {
  const { runner, emit } = await opened();
  expect(await runner.acknowledge({ key: 'web-1' })).toEqual({ acknowledged: [], mend: 'nothing fires' });
  await emit('disk', { host: 'web-1' });
  await emit('disk', { host: 'bad\u001B[31m' });
  expect((await runner.acknowledge({ key: 'web-l' })).mend).toBe('did you mean `web-1`?');
  expect((await runner.acknowledge({ key: 'x'.repeat(70_000) })).mend).toBe('firing now: `web-1`, `bad [31m`');
  expect((await runner.acknowledge({ key: 'web-1', rule: 'login' })).mend).toBe('rules whose alert it is: `disk-full`');
  expect((await runner.acknowledge({ key: 'web-1', rule: 'disk-ful' })).mend).toBe('did you mean `disk-full`?');
});
