import { describe } from 'vitest';
import { story } from './script.ts';

const RESOLVE = 'resolve: { match: { data.state: up } }';
const NEWS = `${RESOLVE}, notify_resolved: true`;

describe('for', () => {
  story('fires when it has held for that long', 'for: 10m', ['0 down: waiting', '9m59s', '10m > ops firing']);
  story('does not fire twice', 'for: 10m', ['0 down: waiting', '10m > ops firing', '3h']);
  story('counts from the first match; later ones neither prolong nor fire', 'for: 10m', [
    '0 down: waiting',
    '4m down: waiting',
    '9m down: waiting',
    '10m > ops firing',
    '25m',
  ]);
  story('begins anew with the next match after it fired', 'for: 10m', [
    '0 down: waiting',
    '10m > ops firing',
    '11m down: waiting',
    '20m',
    '21m > ops firing',
  ]);
  story('keeps the times of each key apart', 'for: 10m', [
    '0 down a: waiting',
    '5m down b: waiting',
    '10m > ops firing',
    '15m > ops firing',
    '1h',
  ]);
  story('is called off by a resolving event, and nobody hears of it', `for: 10m, ${NEWS}`, [
    '0 down: waiting',
    '9m up: resolved',
    '10m',
    '1h',
  ]);
  story('is not called off by the end of another key', `for: 10m, ${NEWS}`, [
    '0 down a: waiting',
    '5m up b: no_match',
    '10m > ops firing',
  ]);
  story('starts from nothing after it was called off', `for: 10m, ${NEWS}`, [
    '0 down: waiting',
    '9m up: resolved',
    '9m30s down: waiting',
    '19m',
    '19m30s > ops firing',
  ]);
  story('flapping faster than it never fires', `for: 10m, ${NEWS}`, [
    '0 down: waiting',
    '5m up: resolved',
    '6m down: waiting',
    '11m up: resolved',
    '12m down: waiting',
    '17m up: resolved',
    '3h',
  ]);
  story('goes on through a restart with what was left of it', 'for: 10m', [
    '0 down: waiting',
    '9m restart',
    '9m59s',
    '10m > ops firing',
  ]);
  story('that ran out while nothing ran fires at the start', 'for: 10m', [
    '0 down: waiting',
    '30m sleep > ops firing',
    '2h',
  ]);
  story(
    'is due by the new time when it is made shorter',
    'for: 1h',
    ['0 down: waiting', '5m edit: r: 1 in `for` go on by the new times', '10m > ops firing', '2h'],
    { edits: ['for: 10m'] },
  );
  story(
    'that has run out by the new time fires at once',
    'for: 1h',
    ['0 down: waiting', '30m edit: r: 1 in `for` go on by the new times > ops firing', '2h'],
    { edits: ['for: 10m'] },
  );
  story(
    'goes on longer when it is made longer',
    'for: 10m',
    ['0 down: waiting', '5m edit: r: 1 in `for` go on by the new times', '10m', '1h > ops firing'],
    { edits: ['for: 1h'] },
  );
  story(
    'lets go of what waits when the rule has it no more',
    'for: 1h',
    ['0 down: waiting', '5m edit: r: 1 in `for` go on now, because the rule has it no more > ops firing', '2h'],
    { edits: ['enabled: true'] },
  );
  story('goes on with the message of today', 'for: 10m', ['0 down: waiting', '5m edit', '10m > ops new words'], {
    edits: ['for: 10m, message: { title: T, body: new words }'],
  });
  story('tells how many matched meanwhile', 'for: 10m, message: { title: T, body: "{{ count }}" }', [
    '0 down: waiting',
    '1m down: waiting',
    '2m down: waiting',
    '10m > ops 3',
  ]);
  story('tells the latest match', 'for: 10m, message: { title: T, body: "{{ data.n }}" }', [
    '0 down n=1: waiting',
    '1m down n=2: waiting',
    '10m > ops 2',
  ]);
  story('of a disabled rule fires nobody', 'for: 10m', ['0 down: waiting', '5m edit', '10m', '1h'], {
    edits: ['for: 10m, enabled: false'],
  });
  story('of sixty days is no shorter', 'for: 60d', ['0 down: waiting', '59d', '60d > ops firing']);
  story('does not outlive that nothing has matched for as long as resolves', 'for: 10m, resolve: { after: 4m }', [
    '0 down: waiting',
    '4m',
    '10m',
    '1h',
  ]);
  story('holds while something matches often enough', 'for: 10m, resolve: { after: 4m }', [
    '0 down: waiting',
    '3m down: waiting',
    '6m down: waiting',
    '9m down: waiting',
    '10m > ops firing',
  ]);
  story('and a threshold: each time that it has held counts as one', 'for: 1m, threshold: { count: 2, within: 1h }', [
    '0 down: waiting',
    '1m',
    '5m down: waiting',
    '6m > ops firing',
  ]);
  story(
    'and a threshold of an alert: what has held need not hold again',
    `for: 1m, threshold: { count: 2, within: 1h }, ${RESOLVE}`,
    ['0 down: waiting', '1m', '5m down: notified > ops firing'],
  );
  story(
    'and dedupe: what fired counts, not what waited',
    'for: 1m, dedupe: 10m, message: { title: T, body: "{{ status }} {{ suppressed }}" }',
    ['0 down: waiting', '1m > ops firing 0', '5m down: waiting', '6m', '11m down: waiting', '12m > ops firing 1'],
  );
});
