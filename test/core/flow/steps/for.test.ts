import { describe, expect, test } from 'vitest';
import { CoreRunner, HOUR } from '../../../support/core-runner.ts';
import { ruleText, story } from '../script.ts';

const RESOLVE = 'resolve: { match: { data.state: up } }';
const NEWS = `${RESOLVE}, notify_resolved: true`;

describe('for', () => {
  story('fires when the match has lasted for the time', 'for: 10m', ['0 down: waiting', '9m59s', '10m > ops firing']);
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
  story('ends by a resolving event without a notification', `for: 10m, ${NEWS}`, [
    '0 down: waiting',
    '9m up: resolved',
    '10m',
    '1h',
  ]);
  story('does not end by the end of another key', `for: 10m, ${NEWS}`, [
    '0 down a: waiting',
    '5m up b: no_match',
    '10m > ops firing',
  ]);
  story('starts again after it has ended', `for: 10m, ${NEWS}`, [
    '0 down: waiting',
    '9m up: resolved',
    '9m30s down: waiting',
    '19m',
    '19m30s > ops firing',
  ]);
  story('never fires for a state that changes faster', `for: 10m, ${NEWS}`, [
    '0 down: waiting',
    '5m up: resolved',
    '6m down: waiting',
    '11m up: resolved',
    '12m down: waiting',
    '17m up: resolved',
    '3h',
  ]);
  story('continues after a restart with the rest of the time', 'for: 10m', [
    '0 down: waiting',
    '9m restart',
    '9m59s',
    '10m > ops firing',
  ]);
  story('that ended while the daemon was stopped fires at the start', 'for: 10m', [
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
    'that has ended by the new time fires at once',
    'for: 1h',
    ['0 down: waiting', '30m edit: r: 1 in `for` go on by the new times > ops firing', '2h'],
    { edits: ['for: 10m'] },
  );
  story(
    'waits longer when it is made longer',
    'for: 10m',
    ['0 down: waiting', '5m edit: r: 1 in `for` go on by the new times', '10m', '1h > ops firing'],
    { edits: ['for: 1h'] },
  );
  story(
    'fires for waiting events when it is removed from the rule',
    'for: 1h',
    [
      '0 down: waiting',
      '5m edit: r: 1 in `for` go on now, because the rule does not have it any more > ops firing',
      '2h',
    ],
    { edits: ['enabled: true'] },
  );
  story('uses the message of the edited rule', 'for: 10m', ['0 down: waiting', '5m edit', '10m > ops new words'], {
    edits: ['for: 10m, message: { title: T, body: new words }'],
  });
  story('sends the number of matches meanwhile', 'for: 10m, message: { title: T, body: "{{ count }}" }', [
    '0 down: waiting',
    '1m down: waiting',
    '2m down: waiting',
    '10m > ops 3',
  ]);
  story('sends the latest match', 'for: 10m, message: { title: T, body: "{{ data.n }}" }', [
    '0 down n=1: waiting',
    '1m down n=2: waiting',
    '10m > ops 2',
  ]);
  story('of a disabled rule notifies nobody', 'for: 10m', ['0 down: waiting', '5m edit', '10m', '1h'], {
    edits: ['for: 10m, enabled: false'],
  });
  story('of sixty days lasts sixty days', 'for: 60d', ['0 down: waiting', '59d', '60d > ops firing']);
  story('ends when nothing has matched for `resolve.after`', 'for: 10m, resolve: { after: 4m }', [
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
  story('and a threshold: each completed wait counts as one event', 'for: 1m, threshold: { count: 2, within: 1h }', [
    '0 down: waiting',
    '1m',
    '5m down: waiting',
    '6m > ops firing',
  ]);
  story(
    'and a threshold of an alert: a match that has lasted long enough does not wait again',
    `for: 1m, threshold: { count: 2, within: 1h }, ${RESOLVE}`,
    ['0 down: waiting', '1m', '5m down: notified > ops firing'],
  );
  story(
    'and dedupe: fired events count, not waiting ones',
    'for: 1m, dedupe: 10m, message: { title: T, body: "{{ status }} {{ suppressed }}" }',
    ['0 down: waiting', '1m > ops firing 0', '5m down: waiting', '6m', '11m down: waiting', '12m > ops firing 1'],
  );
});

describe('max_gap', () => {
  const SEEN = 'for: { time: 10m, max_gap: 2m }';
  story('not given: one match and then silence fires', 'for: 10m', ['0 down: waiting', '10m > ops firing']);
  story('ends the wait when no match comes for this time', SEEN, ['0 down: waiting', '10m', '1h']);
  story('fires while matches keep coming', SEEN, [
    '0 down: waiting',
    ...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((minute) => `${minute}m down: waiting`),
    '10m > ops firing',
  ]);
  story('begins anew after a gap', SEEN, [
    '0 down: waiting',
    '1m59s down: waiting',
    '3m59s down: waiting',
    ...[5, 6, 7, 8, 9, 10, 11, 12, 13].map((minute) => `${minute}m down: waiting`),
    '13m58s down: waiting',
    '13m59s > ops firing',
  ]);
  story('counts each key separately', SEEN, [
    '0 down a: waiting',
    ...[1, 2, 3, 4, 5, 6, 7, 8].map((minute) => `${minute}m down b: waiting`),
    '9m59s down b: waiting',
    '10m',
    '11m > ops firing',
  ]);
  story('is not satisfied by events that do not match', SEEN, ['0 down: waiting', '1m up: no_match', '10m']);
  story('survives a restart', SEEN, ['0 down: waiting', '1m restart', '2m30s sleep', '10m']);
  story('also counts while the daemon is stopped', SEEN, ['0 down: waiting', '9m down: waiting', '11m sleep', '1h']);
  story('does not apply after it has fired', `${SEEN}, resolve: { match: { data.state: up } }, notify_resolved: true`, [
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((minute) => `${minute}m down: waiting`),
    '10m > ops firing',
    '1h down: deduplicated',
    '2h up: resolved > ops resolved',
  ]);

  test.each([
    [SEEN, 'it was over before it fired: no match for 2m (`max_gap`)'],
    ['for: 10m, resolve: { after: 3m }', 'it was over before it fired: no match for 3m (`resolve.after`)'],
  ])('records for the last event of `%s` why nobody was notified', (rule, reason) => {
    const runner = new CoreRunner(`rules:\n${ruleText(rule)}`);
    runner.take({ k: 'a', state: 'down' });
    runner.wait(HOUR);
    expect(runner.fates).toMatchObject([
      { event: 'e1', outcome: 'waiting' },
      { event: 'e1', outcome: 'resolved', reason },
    ]);
  });
});
