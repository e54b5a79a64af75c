import { describe, expect, test } from 'vitest';
import { decideWake } from '../../../../daemon/core/flow/wake.ts';
import { CoreRunner, MINUTE } from '../../../support/core-runner.ts';
import { ruleText, story } from '../script.ts';

const RESOLVE = 'resolve: { match: { data.state: up } }, notify_resolved: true';
const ESCALATE =
  'escalate: [{ after: 15m, notify: boss }, { after: 1h, notify: chief, message: { body: "help: {{ status }}" } }]';

describe('repeat', () => {
  story('repeats at the interval until it is resolved', `repeat: 1h, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '1h > ops firing',
    '2h > ops firing',
    '2h30m up: resolved > ops resolved',
    '5h',
  ]);
  story('matches do not change the phase of the repeats', `repeat: 1h, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '50m down: deduplicated',
    '1h > ops firing',
    '1h50m down: deduplicated',
    '2h > ops firing',
  ]);
  story('stops when it is acknowledged', `repeat: 1h, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '1h > ops firing',
    '1h30m ack: 1',
    '2h',
    '5h',
    '6h up: resolved > ops resolved',
  ]);
  story('the acknowledgement ends with the alert', `repeat: 1h, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '10m ack: 1',
    '20m up: resolved > ops resolved',
    '30m down: notified > ops firing',
    '1h30m > ops firing',
  ]);
  story('goes on over a restart, on time and once', `repeat: 1h, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '59m restart',
    '1h > ops firing',
    '2h > ops firing',
  ]);
  story('repeats that a stopped daemon missed are one, and the phase stays', `repeat: 1h, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '3h30m sleep > ops firing',
    '4h > ops firing',
  ]);
  story('without an end goes on until it is acknowledged', 'repeat: 1h', [
    '0 down: notified > ops firing',
    '1h > ops firing',
    '2h > ops firing',
    '2h30m ack: 1',
    '3h',
    '9h',
    '9h30m down: notified > ops firing',
  ]);
  story(
    'is due by the new time',
    `repeat: 4h, ${RESOLVE}`,
    [
      '0 down: notified > ops firing',
      '30m edit: r: 1 in `alert` go on by the new times',
      '1h > ops firing',
      '2h > ops firing',
    ],
    { edits: [`repeat: 1h, ${RESOLVE}`] },
  );
  story(
    'an alert begins to repeat when its rule does',
    RESOLVE,
    ['0 down: notified > ops firing', '30m edit: r: 1 in `alert` go on by the new times', '1h > ops firing'],
    { edits: [`repeat: 1h, ${RESOLVE}`] },
  );
  story(
    'is not limited by dedupe and throttle',
    `repeat: 1h, dedupe: 10h, throttle: { max: 1, per: 10h }, ${RESOLVE}`,
    ['0 down: notified > ops firing', '1h > ops firing', '2h > ops firing'],
  );
});

describe('escalate', () => {
  story('notifies more people the longer nobody acknowledges it', `${ESCALATE}, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '15m > boss firing',
    '1h > chief help: firing',
    '5h',
  ]);
  story('stops when it is acknowledged', `${ESCALATE}, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '15m > boss firing',
    '20m ack: 1',
    '1h',
    '5h',
  ]);
  story('stops when it is resolved, and notifies all who were notified', `${ESCALATE}, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '15m > boss firing',
    '20m up: resolved > ops resolved, boss resolved',
    '1h',
  ]);
  story('begins anew with the next alert', `${ESCALATE}, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '15m > boss firing',
    '20m up: resolved > ops resolved, boss resolved',
    '30m down: notified > ops firing',
    '45m > boss firing',
  ]);
  story('counts from the beginning, also if events match later', `${ESCALATE}, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '14m down: deduplicated',
    '15m > boss firing',
  ]);
  story('goes on over a restart', `${ESCALATE}, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '14m restart',
    '15m > boss firing',
    '59m restart',
    '1h > chief help: firing',
  ]);
  story('every step that a stopped daemon missed is notified at the start', `${ESCALATE}, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '2h sleep > boss firing, chief help: firing',
  ]);
  story('waits for `for` to have passed', `for: 10m, ${ESCALATE}, ${RESOLVE}`, [
    '0 down: waiting',
    '10m > ops firing',
    '15m',
    '25m > boss firing',
  ]);
  story(
    'that is silenced is notified when the silence is over',
    `${ESCALATE}, ${RESOLVE}`,
    ['0 down: notified > ops firing', '15m', '29m', '30m > boss firing', '1h > chief help: firing'],
    { beside: 'silences: [{ match: {}, from: "2026-11-23T09:10:00Z", until: "2026-11-23T09:30:00Z" }]\n' },
  );
  story(
    'outside the hours is notified when they begin',
    `during: office, ${ESCALATE}, ${RESOLVE}`,
    ['0 down: notified > ops firing', '15m', '15h9m', '15h10m > boss firing, chief help: firing'],
    {
      beside: 'hours: { office: { from: "09:00", to: "18:00", timezone: UTC } }\n',
      start: Date.parse('2026-11-23T17:50:00Z'),
    },
  );
  story('with repeat: the first targets are notified again', `${ESCALATE}, repeat: 30m, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '15m > boss firing',
    '30m > ops firing',
    '1h > ops firing, chief help: firing',
  ]);
  story(
    'a step that is added later is notified',
    `escalate: [{ after: 15m, notify: boss }], ${RESOLVE}`,
    [
      '0 down: notified > ops firing',
      '15m > boss firing',
      '20m edit: r: 1 in `alert` go on by the new times',
      '1h > chief help: firing',
    ],
    { edits: [`${ESCALATE}, ${RESOLVE}`] },
  );
  story('without an end ends with the acknowledgement', ESCALATE, [
    '0 down: notified > ops firing',
    '15m > boss firing',
    '16m ack: 1',
    '1h',
    '2h down: notified > ops firing',
    '2h15m > boss firing',
  ]);
});

describe('ack', () => {
  story('without an alert does nothing', `repeat: 1h, ${RESOLVE}`, ['0 ack: 0']);
  story('of an event that only waits does nothing', `for: 10m, repeat: 1h, ${RESOLVE}`, [
    '0 down: waiting',
    '5m ack: 0',
    '10m > ops firing',
  ]);
  story('is for one key', `repeat: 1h, ${RESOLVE}`, [
    '0 down a: notified > ops firing',
    '0 down b: notified > ops firing',
    '30m ack a: 1',
    '1h > ops firing',
  ]);
  story('a second one changes nothing', `repeat: 1h, ${RESOLVE}`, [
    '0 down: notified > ops firing',
    '1m ack: 1',
    '2m ack: 1',
    '2h',
  ]);
  story(
    'survives a restart and an edit of the message',
    `repeat: 1h, ${RESOLVE}`,
    ['0 down: notified > ops firing', '1m ack: 1', '2m restart', '3m edit', '5h', '6h up: resolved > ops resolved'],
    { edits: [`repeat: 1h, ${RESOLVE}, message: { title: T, body: "{{ status }}", link: "https://example.com" }`] },
  );
  story('does not prevent that it ends by itself', 'repeat: 1h, resolve: { after: 3h }, notify_resolved: true', [
    '0 down: notified > ops firing',
    '1m ack: 1',
    '3h > ops resolved',
  ]);
});

test('an acknowledgement that comes at the very instant of an escalation or a repeat stops it', () => {
  const runner = new CoreRunner(`rules:\n${ruleText(`${ESCALATE}, repeat: 15m, ${RESOLVE}`)}`);
  runner.take({ k: 'a', state: 'down' });
  runner.now += 15 * MINUTE;
  runner.acknowledge('a');
  expect(decideWake({ rule: 'r', key: 'a', step: 'alert' }, runner.context()).deliveries).toEqual([]);
});
