import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Feed } from '../../../daemon/app/runtime/feed.ts';
import { laterObserver } from '../../../daemon/app/runtime/observers.ts';
import { changeAlerts } from '../../../daemon/core/alerts/changes.ts';
import { expireSilence, silenceChange } from '../../../daemon/core/alerts/silence-actions.ts';
import type { Memory } from '../../../daemon/core/flow/memory.ts';
import type { FeedItem } from '../../../daemon/http/daemon-api.ts';
import { Scrubber } from '../../../daemon/lib/secrets/scrubber.ts';
import { rulesetOf } from '../../support/compile.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const ruleset = rulesetOf(`
channels: { ops: { type: sink } }
rules: [{ name: disk-full, match: { type: disk }, key: a, resolve: { after: 1h }, notify: ops }]
`);
const event = { id: 'e-1', source: 'api', type: 'disk', time: '2026-11-23T09:00:00Z', data: null };

/** Memory with one value, whichever is read. */
const memoryOf = (value: unknown): Memory => ({ read: () => value, each: () => [] });

test('the feed has each change of an alert and of a silence by a person', () => {
  const clock = new VirtualClock();
  const now = clock.now();
  const feed = new Feed(new Scrubber());
  const items: FeedItem[] = [];
  feed.follow((item) => items.push(item));
  const ignored = { ruleOutcome: () => undefined, ruleError: () => undefined };
  const observe = laterObserver({ feed, metrics: ignored, own: ignored, clock, log: pino({ level: 'silent' }) });
  const alert = { since: now, last: now, count: 1, event, told: [], escalated: 0, repeatFrom: now };
  const change = (verb: 'ack' | 'unack' | 'resolve', state: object): void => {
    const context = { ruleset, memory: memoryOf({ ...alert, ...state }), now, newId: () => 'id' };
    observe(changeAlerts(verb, { key: 'a', by: 'ann' }, context));
  };
  change('ack', {});
  change('unack', { acknowledged: { at: now, by: 'bob' } });
  change('resolve', {});
  const silence = { match: {}, reason: 'r', until: '2026-11-23T10:00:00Z' };
  observe({ results: [], states: [silenceChange('s-1', silence, now + 1)], deliveries: [] });
  observe(expireSilence('s-1', { ruleset, memory: memoryOf(silence), now }));
  const at = '2026-11-23T09:00:00.000Z';
  expect(items.filter(({ kind }) => kind === 'alert' || kind === 'silence')).toEqual([
    { kind: 'alert', at, rule: 'disk-full', key: 'a', state: 'acknowledged', by: 'ann' },
    { kind: 'alert', at, rule: 'disk-full', key: 'a', state: 'firing', by: 'ann' },
    { kind: 'alert', at, rule: 'disk-full', key: 'a', state: 'ended' },
    { kind: 'silence', at, silence: 's-1', state: 'made' },
    { kind: 'silence', at, silence: 's-1', state: 'ended' },
  ]);
});
