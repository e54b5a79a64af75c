import { expect, test } from 'vitest';
import type { DeliveryView } from '../../../daemon/http/daemon-api.ts';
import { belfry } from '../../support/command-line.ts';
import { openTestListener } from '../../support/listener.ts';
import { SAMPLE_DELIVERY } from '../../support/recorded-daemon.ts';

test('KEY=VALUE is a number, true, false or null only when it prints back the same', async () => {
  const to = await openTestListener();
  const texts = ['version=3.10', 'zip=007', 'power=1e3', 'id=9007199254740993'];
  await belfry(to, ['emit', 'a', 'n=42', 'ratio=-0.5', 'ok=true', 'none=null', 'a.b.c=1', 'text=a=b', ...texts]);
  expect(to.daemon.accepted[0]!.events[0]!.data).toEqual({
    n: 42,
    ratio: -0.5,
    ok: true,
    none: null,
    a: { b: { c: 1 } },
    text: 'a=b',
    version: '3.10',
    zip: '007',
    power: '1e3',
    id: '9007199254740993',
  });
});

test.each([
  [['a=5', 'a=6'], /`a` is given twice: give it once/],
  [['a=5', 'a.b=6'], /`a\.b` is given twice, as `a` too/],
  [['a.b=5', 'a=6'], /`a` is given twice, as `a\.b` too/],
  [['{"a":5}'], /is not KEY=VALUE; write `--data` before JSON/],
])(
  'a KEY that is given twice, and JSON in its place, are wrong usage, and nothing is posted: %j',
  async (pairs, message) => {
    const to = await openTestListener();
    const { code, stderr } = await belfry(to, ['emit', 't', ...pairs]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(to.daemon.accepted).toEqual([]);
  },
);

test('KEY=VALUE replaces what --data has', async () => {
  const to = await openTestListener();
  await belfry(to, ['emit', 't', 'a.b=6', 'ab=7', '--data', '{"a":{"b":5,"c":1}}']);
  expect(to.daemon.accepted[0]!.events[0]!.data).toEqual({ a: { b: 6, c: 1 }, ab: 7 });
});

const delivery = (state: DeliveryView['state'], rule = 'backups'): DeliveryView => ({
  ...SAMPLE_DELIVERY,
  state,
  rule,
});

test.each<[string, DeliveryView[], Record<string, string>, number]>([
  ['all deliveries were delivered', [delivery('delivered')], { backups: 'notified' }, 0],
  [
    'all were delivered, and another rule still waits',
    [delivery('delivered')],
    { backups: 'notified', slow: 'waiting' },
    0,
  ],
  ['one is dead', [delivery('delivered'), delivery('dead')], { backups: 'notified' }, 1],
  ['one is still pending when the time is over', [delivery('pending')], { backups: 'notified' }, 1],
  ['one is held', [delivery('held')], { backups: 'notified' }, 1],
  ['one was dropped', [delivery('cancelled')], { backups: 'notified' }, 1],
  ['no rule matched', [], {}, 3],
  ['no rule asked for one', [], { backups: 'throttled', other: 'silenced' }, 3],
  ['a rule waits', [], { backups: 'waiting' }, 1],
  ['a rule counts', [], { backups: 'counting' }, 1],
  ['a rule collects', [], { backups: 'collected' }, 1],
  ['a rule holds it until its hours', [], { backups: 'held' }, 1],
  ['a rule failed', [], { backups: 'error' }, 1],
])('--wait, when %s: %#', async (_, deliveries, outcomes, exit) => {
  const to = await openTestListener();
  to.daemon.onWait = async () => deliveries;
  to.daemon.outcomes = outcomes;
  const { code, json } = await belfry(to, ['emit', 'a', '--id', 'mine', '--wait', '5s', '--json']);
  expect([code, json]).toEqual([exit, [{ id: 'mine', duplicate: false, outcomes, deliveries }]]);
  expect(to.daemon.waits.map(({ ms }) => ms)).toEqual([5000]);
});

test('without --wait exit 0 means that the event is on disk, and nothing else is printed', async () => {
  const to = await openTestListener();
  const { code, json } = await belfry(to, ['emit', 'a', '--id', 'mine', '--json']);
  expect([code, json]).toEqual([0, [{ id: 'mine', duplicate: false }]]);
  expect(to.daemon.waits).toEqual([]);
});

test('text output shows the outcome of each rule and the state of each delivery', async () => {
  const to = await openTestListener();
  const attempt = { at: '2026-11-23T09:00:00.000Z', ms: 1, code: 'http.500', message: 'bad\u001B[31m' };
  to.daemon.onWait = async () => [{ ...delivery('dead'), attempts: [attempt] }];
  to.daemon.outcomes = { backups: 'notified', night: 'held' };
  expect((await belfry(to, ['emit', 'a', '--id', 'mine', '--wait'])).stdout).toBe(
    'mine\n  ops: dead  http.500: bad [31m\n  night: held\n',
  );
  to.daemon.onWait = async () => [];
  to.daemon.outcomes = {};
  expect((await belfry(to, ['emit', 'a', '--id', 'mine', '--wait'])).stdout).toBe('mine\n  no rule sends a message\n');
});
