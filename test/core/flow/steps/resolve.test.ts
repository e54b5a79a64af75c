import { describe } from 'vitest';
import { story } from '../script.ts';

const RESOLVE = 'resolve: { match: { data.state: up } }';
const NEWS = `${RESOLVE}, notify_resolved: true`;

describe('resolve', () => {
  story('fires once until it is resolved', RESOLVE, [
    '0 down: notified > ops firing',
    '1m down: deduplicated',
    '2h down: deduplicated',
  ]);
  story('fires again after it was resolved', RESOLVE, [
    '0 down: notified > ops firing',
    '1m up: resolved',
    '2m down: notified > ops firing',
  ]);
  story('notifies nobody of the end unless `notify_resolved` is set', RESOLVE, [
    '0 down: notified > ops firing',
    '1m up: resolved',
  ]);
  story('notifies the notified targets of the end', NEWS, [
    '0 down: notified > ops firing',
    '1m up: resolved > ops resolved',
  ]);
  story('an end without an alert does nothing', NEWS, ['0 up: no_match', '1m up: no_match']);
  story('is resolved once', NEWS, [
    '0 down: notified > ops firing',
    '1m up: resolved > ops resolved',
    '2m up: no_match',
  ]);
  story('ends the same key only', NEWS, [
    '0 down a: notified > ops firing',
    '1m down b: notified > ops firing',
    '2m up a: resolved > ops resolved',
    '3m down b: deduplicated',
    '4m up b: resolved > ops resolved',
  ]);
  story(
    'an event that matches beginning and end is the end',
    'match: { type: t }, resolve: { match: { data.state: up } }',
    ['0 down: notified > ops firing', '1m up: resolved', '2m up: no_match'],
  );
  story(
    'by a condition',
    'match: { type: t }, if: "double(data.pct) > 90.0", resolve: { if: "double(data.pct) < 80.0" }, notify_resolved: true',
    [
      '0 disk pct=91: notified > ops firing',
      '1m disk pct=85: no_match',
      '2m disk pct=95: deduplicated',
      '3m disk pct=79: resolved > ops resolved',
      '4m disk pct=85: no_match',
      '5m disk pct=91: notified > ops firing',
    ],
  );
  story(
    'by match and condition, both of which must hold',
    'resolve: { match: { data.state: up }, if: "data.sure == \'yes\'" }, notify_resolved: true',
    ['0 down: notified > ops firing', '1m up sure=no: no_match', '2m up sure=yes: resolved > ops resolved'],
  );
  story('by itself when nothing has matched for long enough', 'resolve: { after: 1h }, notify_resolved: true', [
    '0 down: notified > ops firing',
    '59m',
    '1h > ops resolved',
    '2h down: notified > ops firing',
  ]);
  story('each match prolongs it', 'resolve: { after: 1h }, notify_resolved: true', [
    '0 down: notified > ops firing',
    '50m down: deduplicated',
    '1h40m down: deduplicated',
    '2h39m',
    '2h40m > ops resolved',
  ]);
  story(
    'by an event or by itself, whichever comes first',
    'resolve: { match: { data.state: up }, after: 1h }, notify_resolved: true',
    [
      '0 down: notified > ops firing',
      '10m up: resolved > ops resolved',
      '1h',
      '2h down: notified > ops firing',
      '3h > ops resolved',
    ],
  );
  story('keeps firing over a restart', NEWS, [
    '0 down: notified > ops firing',
    '1m restart',
    '2m down: deduplicated',
    '3m up: resolved > ops resolved',
  ]);
  story(
    'that ended by itself while the daemon was stopped is notified at the start',
    'resolve: { after: 1h }, notify_resolved: true',
    ['0 down: notified > ops firing', '3h sleep > ops resolved'],
  );
  story(
    'ends sooner when the time is made shorter',
    'resolve: { after: 2h }, notify_resolved: true',
    ['0 down: notified > ops firing', '30m edit: r: 1 in `alert` go on by the new times', '1h > ops resolved'],
    { edits: ['resolve: { after: 1h }, notify_resolved: true'] },
  );
  story(
    'an edit of the message leaves it firing',
    NEWS,
    ['0 down: notified > ops firing', '1m edit', '2m down: deduplicated', '3m up: resolved > ops it is over'],
    { edits: [`${NEWS}, message: { title: T, body: "{% if status == 'resolved' %}it is over{% endif %}" }`] },
  );
  story(
    'is dropped, with a note in the log, when the rule makes no alerts any more',
    NEWS,
    [
      '0 down: notified > ops firing',
      '1m edit: r: 1 in `alert` dropped, because nothing resolves, repeats or escalates them any more',
      '2m down: notified > ops firing',
    ],
    { edits: ['enabled: true'] },
  );
  story(
    'the end goes to every notified target, with the message of the target',
    `${NEWS}, notify: [ops, { channel: boss, message: { body: "boss: {{ status }}" } }]`,
    ['0 down: notified > ops firing, boss boss: firing', '1m up: resolved > ops resolved, boss boss: resolved'],
  );
  story(
    'the end does not go to a target whose condition did not hold',
    `${NEWS}, notify: [ops, { channel: boss, if: "data.big == 'yes'" }]`,
    ['0 down big=no: notified > ops firing', '1m up big=yes: resolved > ops resolved'],
  );
  story(
    'the end goes to the notified targets, also if the rule has others now',
    NEWS,
    ['0 down: notified > ops firing', '1m edit', '2m up: resolved > ops resolved', '3m down: notified > boss firing'],
    { edits: [`${NEWS}, notify: boss`] },
  );
  story(
    'a delayed message is never sent when the alert ends before',
    `${NEWS}, notify: [ops, { channel: boss, delay: 30m }]`,
    ['0 down: notified > ops firing', '10m up: resolved > ops resolved', '2h'],
  );
  story('a delayed message is cancelled by the end', `${NEWS}, notify: [ops, { channel: boss, delay: 30m }]`, [
    '0 down: notified > ops firing',
    '30m > boss firing',
    '40m up: resolved > ops resolved, boss resolved',
  ]);
  story('has the duration of the alert', `${NEWS}, message: { title: T, body: "{{ status }} {{ resolved_after }}" }`, [
    '0 down: notified > ops firing',
    '1h30m up: resolved > ops resolved 1h30m',
  ]);
  story('is about the event that ended it', `${NEWS}, message: { title: T, body: "{{ data.n }}" }`, [
    '0 down n=1: notified > ops 1',
    '1m up n=2: resolved > ops 2',
  ]);
  story(
    'uses the event that fired when the one that ended it lacks a field',
    `${NEWS}, message: { title: T, body: "{{ data.n }}" }`,
    ['0 down n=1: notified > ops 1', '1m up: resolved > ops 1'],
  );
  story('a failing `if` of `resolve` ends nothing', 'resolve: { if: "data.n + 1 > 2" }, notify_resolved: true', [
    '0 down: notified > ops firing',
    '1m up n=x: error',
    '2m down: deduplicated',
  ]);
  story('every match while it fires counts', `${NEWS}, message: { title: T, body: "{{ status }} {{ count }}" }`, [
    '0 down: notified > ops firing 1',
    '1m down: deduplicated',
    '2m down: deduplicated',
    '3m up: resolved > ops resolved 3',
  ]);
});
