import { describe } from 'vitest';
import { story } from '../script.ts';

const COUNT = 'message: { title: T, body: "{{ count }}:{% for e in events %}{{ e.data.n }}{% endfor %}" }';
const SUPPRESSED = 'message: { title: T, body: "{{ suppressed }}" }';

describe('dedupe and throttle', () => {
  story('dedupe: the same key again is dropped', `dedupe: 10m, ${SUPPRESSED}`, [
    '0 down: notified > ops 0',
    '9m59s down: deduplicated',
    '10m down: notified > ops 1',
  ]);
  story('dedupe: the next message has the number of dropped events', `dedupe: 10m, ${SUPPRESSED}`, [
    '0 down: notified > ops 0',
    '1m down: deduplicated',
    '2m down: deduplicated',
    '10m down: notified > ops 2',
    '20m down: notified > ops 0',
  ]);
  story('dedupe: each key has its own window', `dedupe: 10m, ${SUPPRESSED}`, [
    '0 down a: notified > ops 0',
    '1m down b: notified > ops 0',
  ]);
  story('dedupe: the window continues over a restart', `dedupe: 10m, ${SUPPRESSED}`, [
    '0 down: notified > ops 0',
    '1m restart',
    '2m down: deduplicated',
  ]);
  story('throttle: at most `max` events pass', `throttle: { max: 2, per: 10m }, ${SUPPRESSED}`, [
    '0 down: notified > ops 0',
    '1m down: notified > ops 0',
    '2m down: throttled',
    '10m down: notified > ops 1',
    '10m30s down: throttled',
    '11m down: notified > ops 1',
  ]);
  story('throttle: the window continues over a restart', `throttle: { max: 1, per: 10m }, ${SUPPRESSED}`, [
    '0 down: notified > ops 0',
    '1m restart',
    '2m down: throttled',
    '10m down: notified > ops 1',
  ]);
  story(
    'throttle: a dropped event opens no window of dedupe',
    `dedupe: 10m, throttle: { max: 1, per: 30m }, ${SUPPRESSED}`,
    ['0 down: notified > ops 0', '15m down: throttled', '20m down: throttled', '30m down: notified > ops 2'],
  );
  story(
    'throttle: a dropped alert is notified by its next match',
    `throttle: { max: 1, per: 10m }, key: "{{ data.k }}", resolve: { match: { data.state: up } }, ${SUPPRESSED}`,
    [
      '0 down: notified > ops 0',
      '1m up: resolved',
      '2m down: throttled',
      '11m down: notified > ops 1',
      '12m down: deduplicated',
    ],
  );
  story(
    'silenced events do not count for the throttle',
    `throttle: { max: 1, per: 1h }, ${SUPPRESSED}`,
    ['0 down: silenced', '30m down: notified > ops 0'],
    { beside: 'silences: [{ match: {}, until: "2026-11-23T09:10:00Z" }]\n' },
  );
});

describe('digest', () => {
  story('collects events and sends one message', `digest: { wait: 5m }, ${COUNT}`, [
    '0 down n=1: collected',
    '1m down n=2: collected',
    '5m > ops 2:12',
    '1h',
  ]);
  story('with one event is a message about one event', `digest: { wait: 5m }, ${COUNT}`, [
    '0 down n=1: collected',
    '5m > ops 1:1',
  ]);
  story('collects each key separately', `digest: { wait: 5m }, ${COUNT}`, [
    '0 down a n=1: collected',
    '1m down b n=2: collected',
    '5m > ops 1:1',
    '6m > ops 1:2',
  ]);
  story('goes out at once when it is full', `digest: { wait: 5m, max: 3 }, ${COUNT}`, [
    '0 down n=1: collected',
    '1m down n=2: collected',
    '2m down n=3: notified > ops 3:123',
    '10m',
  ]);
  story('keeps the time between two messages', `digest: { wait: 1m, every: 1h }, ${COUNT}`, [
    '0 down n=1: collected',
    '1m > ops 1:1',
    '2m down n=2: collected',
    '3m',
    '40m down n=3: collected',
    '1h1m > ops 2:23',
    '1h2m down n=4: collected',
    '2h1m > ops 1:4',
  ]);
  story('without `every` waits the same time after each first event', `digest: { wait: 5m }, ${COUNT}`, [
    '0 down n=1: collected',
    '5m > ops 1:1',
    '6m down n=2: collected',
    '10m',
    '11m > ops 1:2',
  ]);
  story('after a time without events waits as for the first event', `digest: { wait: 1m, every: 1h }, ${COUNT}`, [
    '0 down n=1: collected',
    '1m > ops 1:1',
    '3h down n=2: collected',
    '3h1m > ops 1:2',
  ]);
  story('with `every` alone waits that time for the first event', `digest: { every: 1h }, ${COUNT}`, [
    '0 down n=1: collected',
    '1h > ops 1:1',
    '1h30m down n=2: collected',
    '2h > ops 1:2',
  ]);
  story('goes on over a restart, complete and on time', `digest: { wait: 5m }, ${COUNT}`, [
    '0 down n=1: collected',
    '1m down n=2: collected',
    '4m restart',
    '4m30s down n=3: collected',
    '5m > ops 3:123',
  ]);
  story('that was due while the daemon was stopped is sent at the start', `digest: { wait: 5m }, ${COUNT}`, [
    '0 down n=1: collected',
    '1m down n=2: collected',
    '2h sleep > ops 2:12',
    '3h',
  ]);
  story(
    'is due by the new time',
    `digest: { wait: 1h }, ${COUNT}`,
    ['0 down n=1: collected', '10m edit: r: 1 in `digest` go on by the new times', '20m > ops 1:1'],
    { edits: [`digest: { wait: 20m }, ${COUNT}`] },
  );
  story(
    'is sent at once when it is removed from the rule',
    `digest: { wait: 1h }, ${COUNT}`,
    [
      '0 down n=1: collected',
      '1m down n=2: collected',
      '10m edit: r: 1 in `digest` go on now, because the rule does not have it any more > ops 2:12',
      '2h',
    ],
    { edits: [COUNT] },
  );
  story(
    'is sent with the message of the edited rule',
    `digest: { wait: 1h }, ${COUNT}`,
    ['0 down n=1: collected', '10m edit', '1h > ops today 1'],
    { edits: ['digest: { wait: 1h }, message: { title: T, body: "today {{ count }}" }'] },
  );
  story(
    'collects the events that throttle lets pass',
    `throttle: { max: 2, per: 1h }, digest: { wait: 5m }, message: { title: T, body: "{{ count }} {{ suppressed }}" }`,
    ['0 down: collected', '1m down: collected', '2m down: throttled', '5m > ops 2 1'],
  );
  story(
    'of an alert that ends before is never sent',
    'digest: { wait: 5m }, resolve: { match: { data.state: up } }, notify_resolved: true',
    ['0 down: collected', '1m up: resolved', '5m', '1h'],
  );
  story(
    'of an alert counts as its notification',
    'digest: { wait: 5m }, resolve: { match: { data.state: up } }, notify_resolved: true',
    ['0 down: collected', '5m > ops firing', '6m down: deduplicated', '7m up: resolved > ops resolved'],
  );
});
