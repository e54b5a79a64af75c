import { describe } from 'vitest';
import { story } from '../script.ts';

const THREE = 'threshold: { count: 3, within: 10m }';
const COUNT = 'message: { title: T, body: "{{ count }}" }';

describe('threshold', () => {
  story('fires at the Nth event', THREE, ['0 down: counting', '1m down: counting', '2m down: notified > ops firing']);
  story('starts counting again after it fired', THREE, [
    '0 down: counting',
    '1m down: counting',
    '2m down: notified > ops firing',
    '3m down: counting',
    '4m down: counting',
    '5m down: notified > ops firing',
  ]);
  story('counts within the window only', THREE, [
    '0 down: counting',
    '9m down: counting',
    '10m down: counting',
    '11m down: notified > ops firing',
  ]);
  story('the window slides: an event exactly as old as the window is outside', THREE, [
    '0 down: counting',
    '5m down: counting',
    '10m down: counting',
    '14m59s down: notified > ops firing',
  ]);
  story('slow events never fire', THREE, [
    '0 down: counting',
    '6m down: counting',
    '12m down: counting',
    '18m down: counting',
    '24m down: counting',
  ]);
  story('counts by key', THREE, [
    '0 down a: counting',
    '1m down b: counting',
    '2m down a: counting',
    '3m down b: counting',
    '4m down a: notified > ops firing',
    '5m down b: notified > ops firing',
  ]);
  story('of one fires at every event', 'threshold: { count: 1, within: 10m }', [
    '0 down: notified > ops firing',
    '1s down: notified > ops firing',
  ]);
  story(
    'sends the number of events and the events',
    'threshold: { count: 3, within: 10m }, message: { title: T, body: "{{ count }}:{% for e in events %}{{ e.data.n }}{% endfor %}" }',
    ['0 down n=1: counting', '1m down n=2: counting', '2m down n=3: notified > ops 3:123'],
  );
  story('of very many events sends only their number', `threshold: { count: 101, within: 1h }, ${COUNT}`, [
    ...Array.from({ length: 100 }, (_, index) => `${index}s down: counting`),
    '100s down: notified > ops 101',
  ]);
  story('goes on over a restart', THREE, [
    '0 down: counting',
    '1m down: counting',
    '2m restart',
    '3m down: notified > ops firing',
  ]);
  story(
    'applies a smaller number to events that came before',
    THREE,
    ['0 down: counting', '1m edit', '2m down: notified > ops firing'],
    {
      edits: ['threshold: { count: 2, within: 10m }'],
    },
  );
  story(
    'applies a larger number to events that came before',
    THREE,
    ['0 down: counting', '1m down: counting', '2m edit', '3m down: counting', '4m down: notified > ops firing'],
    { edits: ['threshold: { count: 4, within: 10m }'] },
  );
  story(
    'a shorter window drops events outside it',
    THREE,
    ['0 down: counting', '5m down: counting', '6m edit', '7m down: counting', '8m down: notified > ops firing'],
    { edits: ['threshold: { count: 3, within: 4m }'] },
  );
  story('an end resets the count', `${THREE}, resolve: { match: { data.state: up } }`, [
    '0 down: counting',
    '1m down: counting',
    '2m up: resolved',
    '3m down: counting',
    '4m down: counting',
    '5m down: notified > ops firing',
  ]);
  story(
    'events of a firing alert do not count',
    `${THREE}, resolve: { match: { data.state: up } }, notify_resolved: true`,
    [
      '0 down: counting',
      '1m down: counting',
      '2m down: notified > ops firing',
      '3m down: deduplicated',
      '4m up: resolved > ops resolved',
      '5m down: counting',
    ],
  );
  story(
    'a count that a silenced event completes starts again',
    `${THREE}, during: never`,
    ['0 down: counting', '1m down: counting', '2m down: outside_hours', '3m down: counting'],
    { beside: 'hours: { never: { days: sun, from: "00:00", to: "00:01", timezone: UTC } }\n' },
  );
});
