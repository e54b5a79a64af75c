import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { alertViews, silenceViews } from '../../../../daemon/app/api/alerts/alert-views.ts';
import { openAlertActions } from '../../../../daemon/app/api/alerts/alert-actions.ts';
import { Timers } from '../../../../daemon/app/runtime/timers.ts';
import { decide } from '../../../../daemon/core/flow/decide.ts';
import type { Decision } from '../../../../daemon/core/flow/decision.ts';
import type { Json } from '../../../../daemon/core/values/json.ts';
import type { Ruleset } from '../../../../daemon/core/ruleset.ts';
import { select } from '../../../../daemon/core/flow/select.ts';
import { newId } from '../../../../daemon/lib/id.ts';
import { Scrubber } from '../../../../daemon/lib/secrets/scrubber.ts';
import { openStore } from '../../../../daemon/store/sqlite/sqlite.ts';
import { rulesetOf } from '../../../support/compile.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';
import { VirtualClock } from '../../../support/virtual-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** Beginning of the virtual clock. */
const BEGIN = '2026-11-23T09:00:00.000Z';
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

/** Store, rules and timers, connected as in the daemon, on a virtual clock. */
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
  const runner = openAlertActions({
    store,
    live: () => ruleset,
    clock,
    newId: ids,
    log,
    scrubber: new Scrubber(),
    onLater: (decision) => decisions.push(decision),
  });
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
  /** Channels that were notified since the last call. */
  const notified = (): string[] =>
    decisions.splice(0).flatMap(({ deliveries }) => deliveries.map(({ delivery }) => delivery.channel));
  /** Later results since the last call. */
  const later = () => decisions.splice(0).flatMap((decision) => (decision.later ?? []).map(({ result }) => result));
  const make = async (posted: object) => {
    const made = await runner.silence({ match: {}, reason: 'test', for: '1h', ...posted }, false);
    if (made.kind !== 'made') throw new Error(JSON.stringify(made));
    return made.silence;
  };
  const lanes = { statusOf: () => undefined, isHeld: () => false, notBefore: () => undefined };
  const views = { store, live: { ruleset }, clock, lanes };
  return { clock, store, runner, emit, notified, later, make, close, views };
}

test('a silence applies until its end, and is still listed for five days', async () => {
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

test('an event that a silence dropped names it in the history', async () => {
  const { store, emit, make } = await opened();
  const { id } = await make({ match: { 'data.host': 'w1' } });
  await emit('login', { host: 'w1' });
  const { items } = await store.events({ limit: 1, order: 'desc' });
  expect(items[0]!.results).toMatchObject([{ rule: 'login', outcome: 'silenced', silence: id }]);
});

test('a plan shows what a silence would have silenced, with examples, and makes nothing', async () => {
  const { clock, runner, emit } = await opened();
  await emit('disk', { host: 'w1' });
  await emit('login', { host: 'w1' });
  await emit('login', { host: 'w2' });
  await emit('other', { host: 'w1' });
  await clock.advance(30 * MINUTE);
  const planned = await runner.planSilence({ match: { 'data.host': 'w1' } }, false);
  expect(planned).toEqual({
    kind: 'planned',
    plan: {
      since: '2026-11-22T09:30:00.000Z',
      matched: 2,
      // The rule `disk-full` notified `ops`, and `boss` after 30 minutes.
      notifications: 3,
      alerts: 1,
      examples: [
        {
          event: expect.any(String),
          time: BEGIN,
          source: 'api',
          type: 'login',
          rule: 'login',
          key: 'w1',
          outcome: 'notified',
          notified: ['ops'],
        },
        {
          event: expect.any(String),
          time: BEGIN,
          source: 'api',
          type: 'disk',
          rule: 'disk-full',
          key: 'w1',
          outcome: 'notified',
          notified: ['ops', 'boss'],
        },
      ],
    },
  });
  expect(runner.silences()).toEqual([]);
  expect(await runner.planSilence({ match: { rule: 'logins' } }, false)).toMatchObject({
    kind: 'invalid',
    problems: [{ pointer: '/match/rule' }],
  });
});

test('a plan looks in the whole day for a rule whose events a flood of others hides', async () => {
  const { store, clock, runner, emit } = await opened();
  await emit('login', { host: 'w1' });
  await clock.advance(HOUR);
  const now = clock.now();
  const flood = Array.from({ length: 2100 }, (_, index) => ({
    event: { id: `f${index}`, source: 'api', type: 'noise', time: BEGIN, data: null },
    mayRepeat: false,
  }));
  await store.transact({ arrivals: flood, now }, () => ({ results: [], states: [], deliveries: [] }));
  const byRule = await runner.planSilence({ match: { rule: 'login' } }, false);
  expect(byRule).toMatchObject({ plan: { matched: 1, notifications: 1 } });
  expect(byRule).not.toHaveProperty('plan.partial');
  const byHost = await runner.planSilence({ match: { 'data.host': 'w1' } }, false);
  expect(byHost).toMatchObject({ plan: { matched: 1, notifications: 1, partial: true } });
});

test('silences survive a restart', async () => {
  const folder = await temporaryFolder();
  const first = await opened(DISK, folder);
  const made = await first.make({ match: { rule: 'login' }, if: 'data.n > 2' });
  await first.close();
  const second = await opened(DISK, folder);
  expect(second.runner.silences()).toMatchObject([{ id: made.id, if: 'data.n > 2', state: 'active' }]);
  expect(await second.emit('login', { host: 'w1', n: 3 })).toBe('silenced');
  expect(await second.emit('login', { host: 'w1', n: 1 })).toBe('notified');
});

test('silences of the rules are listed before those of users, with their file', async () => {
  const { runner, make } = await opened(`${DISK}
silences: [{ name: night, match: { rule: login }, recurring: { cron: "0 22 * * *", for: 8h, timezone: UTC }, reason: sleep }]`);
  await make({});
  expect(runner.silences()).toMatchObject([
    {
      id: expect.stringMatching(/^file:/),
      origin: 'file',
      file: '0.yaml',
      line: 12,
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

test('a silence that a user ends is over at once, and a second end changes nothing', async () => {
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

test('an escalation that a silence has held goes out when a user ends the silence', async () => {
  const { clock, runner, emit, notified, make } = await opened();
  await emit('disk', { host: 'w1' });
  expect(notified()).toEqual(['ops']);
  const { id } = await make({ for: '8h' });
  await clock.advance(HOUR);
  expect(notified()).toEqual([]);
  await runner.expireSilence(id);
  await clock.advance(1);
  expect(notified()).toEqual(['boss']);
  await clock.advance(8 * HOUR);
  expect(notified()).toEqual([]);
});

test('the preview of a silence uses the same matching', async () => {
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

test('a condition that fails silences nothing, and is reported when the silence is made and when it is evaluated', async () => {
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

test('an invalid silence is refused with its problems, and is not stored', async () => {
  const { runner } = await opened();
  expect(await runner.silence({ match: {}, for: '1h' }, false)).toMatchObject({
    kind: 'invalid',
    problems: [{ pointer: '/reason' }],
  });
  expect(runner.silences()).toEqual([]);
});

test('at most a thousand silences may be active or pending', async () => {
  const { clock, runner, make } = await opened();
  await Promise.all(Array.from({ length: 999 }, () => make({ for: '10m' })));
  const two = await Promise.all([1, 2].map(() => runner.silence({ match: {}, reason: 'r', for: '1h' }, false)));
  expect(two.map(({ kind }) => kind).sort()).toEqual(['made', 'too_many']);
  await clock.advance(10 * MINUTE);
  await make({});
});

test('an alert is acknowledged for all rules or for one, and does not escalate any more', async () => {
  const { clock, runner, emit, notified } = await opened();
  await emit('disk', { host: 'w1' });
  await emit('disk', { host: 'w2' });
  expect(runner.alerts().map(({ key, state }) => [key, state])).toEqual([
    ['w1', 'firing'],
    ['w2', 'firing'],
  ]);
  expect(await runner.change('ack', { key: 'w1', rule: 'disk-full', by: 'ann' })).toEqual({
    changed: [{ rule: 'disk-full', key: 'w1' }],
  });
  expect(runner.alerts('disk-full')).toMatchObject([
    { key: 'w1', state: 'acknowledged', acknowledged_by: 'ann' },
    { key: 'w2', state: 'firing' },
  ]);
  expect(runner.alerts('login')).toEqual([]);
  notified();
  await clock.advance(HOUR);
  expect(notified()).toEqual(['boss']);
});

test('an acknowledgement of an alert that does not fire suggests a similar one', async () => {
  const { runner, emit } = await opened();
  expect(await runner.change('ack', { key: 'web-1' })).toEqual({ changed: [] });
  await emit('disk', { host: 'web-1' });
  await emit('disk', { host: 'bad\u001B[31m' });
  expect((await runner.change('ack', { key: 'web-l' })).mend).toBe('did you mean `web-1`?');
  expect((await runner.change('ack', { key: 'x'.repeat(70_000) })).mend).toBe(
    'keys with such an alert: `web-1`, `bad [31m`',
  );
  expect((await runner.change('ack', { key: 'web-1', rule: 'login' })).mend).toBe(
    'rules whose alert it is: `disk-full`',
  );
  expect((await runner.change('ack', { key: 'web-1', rule: 'disk-ful' })).mend).toBe('did you mean `disk-full`?');
});

test('an acknowledgement keeps who made it and why, and can be taken back: what was overdue is sent at once', async () => {
  const { clock, runner, emit, notified } = await opened();
  await emit('disk', { host: 'w1' });
  await runner.change('ack', { key: 'w1', by: 'ann', note: 'at work' });
  await runner.change('ack', { key: 'w1', by: 'bob' });
  expect(runner.alerts()).toMatchObject([{ acknowledged_by: 'ann', acknowledged_note: 'at work' }]);
  await clock.advance(HOUR);
  expect(notified()).toEqual(['ops']);
  expect(await runner.change('unack', { key: 'w1', by: 'bob' })).toEqual({
    changed: [{ rule: 'disk-full', key: 'w1' }],
  });
  expect(runner.alerts()).toMatchObject([
    { state: 'firing', unacknowledged_by: 'bob', unacknowledged_at: '2026-11-23T10:00:00.000Z' },
  ]);
  expect(runner.alerts()[0]).not.toHaveProperty('acknowledged_by');
  await clock.advance(1);
  expect(notified()).toEqual(['boss']);
});

test('an acknowledgement that nobody made cannot be taken back', async () => {
  const { runner, emit } = await opened();
  await emit('disk', { host: 'w1' });
  await emit('disk', { host: 'w2' });
  await runner.change('ack', { key: 'w2' });
  expect(await runner.change('unack', { key: 'w1' })).toEqual({ changed: [], mend: 'keys with such an alert: `w2`' });
});

test('an alert that a person ends is counted and stays in the history, with the person and the note', async () => {
  const { clock, store, runner, emit, later } = await opened();
  await emit('disk', { host: 'w1' });
  await emit('disk', { host: 'w2' });
  await clock.advance(MINUTE);
  const given = { key: 'w1', by: 'ann', note: 'false alarm' };
  expect(await runner.change('resolve', given)).toEqual({ changed: [{ rule: 'disk-full', key: 'w1' }] });
  expect(runner.alerts().map(({ key }) => key)).toEqual(['w2']);
  const result = { rule: 'disk-full', key: 'w1', outcome: 'resolved', reason: 'by hand by ann: false alarm' };
  expect(later()).toMatchObject([result]);
  const { items } = await store.events({ order: 'asc', limit: 1 });
  expect((await store.event(items[0]!.event.id))!.later).toMatchObject([result]);
  await clock.advance(DAY);
  expect(runner.alerts()).toHaveLength(1);
  expect(await runner.change('resolve', given)).toMatchObject({ changed: [] });
});

test('the end of an alert by hand is sent to those who were notified of its start, with `notify_resolved`', async () => {
  const { clock, runner, emit, notified } = await opened(
    DISK.replace('notify: ops\n', 'notify: ops\n    notify_resolved: true\n'),
  );
  await emit('disk', { host: 'w1' });
  await clock.advance(HOUR);
  expect(notified()).toEqual(['ops', 'boss']);
  await runner.change('resolve', { key: 'w1' });
  expect(notified()).toEqual(['ops', 'boss']);
});

test('an alert without `resolve` ends when it is acknowledged, and the history says by whom', async () => {
  const { clock, runner, emit, later, notified } = await opened(
    DISK.replace('    resolve: { match: { type: disk.ok } }\n', ''),
  );
  await emit('disk', { host: 'w1' });
  await runner.change('ack', { key: 'w1', by: 'ann' });
  expect(later()).toMatchObject([{ outcome: 'resolved', reason: expect.stringMatching(/^acknowledged by ann/) }]);
  notified();
  await clock.advance(DAY);
  expect([runner.alerts(), notified()]).toEqual([[], []]);
});

test('changes by a person survive a restart', async () => {
  const folder = await temporaryFolder();
  const first = await opened(DISK, folder);
  for (const host of ['w1', 'w2', 'w3']) await first.emit('disk', { host });
  await first.runner.change('ack', { key: 'w1', by: 'ann' });
  await first.runner.change('ack', { key: 'w2', by: 'ann' });
  await first.runner.change('unack', { key: 'w2', by: 'bob' });
  await first.runner.change('resolve', { key: 'w3' });
  await first.close();
  const second = await opened(DISK, folder);
  expect(second.runner.alerts()).toMatchObject([
    { key: 'w1', state: 'acknowledged', acknowledged_by: 'ann' },
    { key: 'w2', state: 'firing', unacknowledged_by: 'bob' },
  ]);
});

test('an alert is listed with its labels, the times that are due, its message and the silence that mutes it', async () => {
  const { emit, make, views, clock, runner } = await opened();
  await emit('disk', { host: 'w1', tags: ['a'], labels: { team: 'db' }, text: 'x'.repeat(201) });
  await emit('disk', { host: 'w2' });
  const { id } = await make({ match: { 'data.host': 'w1' }, reason: 'release' });
  await clock.advance(31 * MINUTE);
  const [muted, other] = await alertViews(views, undefined);
  expect(muted).toMatchObject({
    escalated: 0,
    escalations: 1,
    labels: { source: 'api', type: 'disk', 'data.host': 'w1', 'data.labels.team': 'db' },
    escalates_at: '2026-11-23T10:00:00.000Z',
    next_at: '2026-11-23T10:00:00.000Z',
    title: expect.stringContaining('disk'),
    silenced_by: { id, reason: 'release', until: '2026-11-23T10:00:00.000Z' },
  });
  expect(Object.keys(muted!.labels)).toHaveLength(4);
  expect(other).toMatchObject({ key: 'w2', escalated: 1, title: expect.any(String) });
  expect(other).not.toHaveProperty('silenced_by');
  await runner.expireSilence(id);
  expect((await alertViews(views, undefined))[0]).not.toHaveProperty('silenced_by');
});

test('a silence is listed with the time of its last match, and without one after 30 days', async () => {
  const { emit, make, views, clock } = await opened();
  const { id } = await make({ match: { 'data.host': 'w1' }, for: '60d' });
  expect(await silenceViews(views)).toMatchObject([{ id, made_at: expect.any(String), matched_30d: false }]);
  await emit('login', { host: 'w1' });
  expect(await silenceViews(views)).toMatchObject([{ id, last_match: BEGIN, matched_30d: true }]);
  await clock.suspend(30 * DAY);
  expect(await silenceViews(views)).toMatchObject([{ id, last_match: BEGIN, matched_30d: false }]);
});

test('a silence of a rule that does not exist is refused with a suggestion, unless it is forced', async () => {
  const { runner } = await opened();
  const posted = { match: { any: [{ rule: ['disk-ful', 'login'] }] }, for: '1h', reason: 'r' };
  expect(await runner.silence(posted, false)).toEqual({
    kind: 'invalid',
    problems: [
      {
        pointer: '/match/any/0/rule',
        message: 'there is no rule `disk-ful`',
        mend: 'did you mean `disk-full`? (`force` makes the silence nevertheless)',
      },
    ],
  });
  expect(runner.silences()).toEqual([]);
  expect(await runner.silence(posted, true)).toMatchObject({ kind: 'made' });
  expect(await runner.silence({ ...posted, match: { rule: { prefix: 'disk' } } }, false)).toMatchObject({
    kind: 'made',
  });
});

test('a silence with a field that no past event has, or a misspelt type, is made with a warning', async () => {
  const { emit, make } = await opened();
  expect(await make({ match: { 'data.hots': 'w1' } })).not.toHaveProperty('warnings');
  await emit('login', { host: 'w1', n: 1 });
  const match = { 'data.hots': 'w1', channel: 'ops', type: 'logn', source: 'apj', 'data.n': { exists: false } };
  expect((await make({ match })).warnings).toEqual([
    'no event of the last 24 h has `data.hots`; did you mean `data.host`?',
    expect.stringMatching(/^no event of the last 24 h has `channel`; there are: `rule`, `key`, /),
    'no event has the type `logn`; did you mean `login`?',
    'no event has the source `apj`; did you mean `api`?',
  ]);
  const good = { 'data.host': 'w2', type: ['login', 'other'], source: 'api', rule: 'login', key: 'x' };
  expect(await make({ match: good })).not.toHaveProperty('warnings');
});
