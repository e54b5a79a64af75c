import { expect, test } from 'vitest';
import { feedTest } from '../../../../daemon/cli/commands/events/feed-filter.ts';
import type { FeedItem } from '../../../../daemon/http/daemon-api.ts';
import { SAMPLE_DELIVERY } from '../../../support/recorded-daemon.ts';

const at = '2026-11-23T09:00:00.000Z';
const event = { id: 'e-1', source: 'api', type: 'backup.failed', time: at, data: { host: 'DB1', size: 7 } };
const result = { rule: 'backups', outcome: 'waiting', key: 'db1' } as const;

const ITEMS: Readonly<Record<string, FeedItem>> = {
  event: { kind: 'event', at, event, outcomes: { backups: 'waiting' }, results: [result] },
  unmatched: { kind: 'event', at, event: { ...event, id: 'e-2', type: 'login', data: {} }, outcomes: {}, results: [] },
  later: { kind: 'later', at, event, result: { ...result, outcome: 'notified', at } },
  delivery: { kind: 'delivery', at, delivery: SAMPLE_DELIVERY, event },
  alert: { kind: 'alert', at, rule: 'disks', key: 'w1', state: 'acknowledged', by: 'ann' },
  silence: { kind: 'silence', at, silence: 's-1', state: 'made' },
};

function shown(filter: Parameters<typeof feedTest>[0]): string[] {
  const isWanted = feedTest(filter);
  return Object.keys(ITEMS).filter((name) => isWanted(ITEMS[name]!));
}

test('without a filter everything is shown', () => {
  expect(shown({})).toEqual(['event', 'unmatched', 'later', 'delivery', 'alert', 'silence']);
});

test.each([
  [{ source: 'api' }, ['event', 'unmatched', 'later', 'delivery']],
  [{ source: 'other' }, []],
  [{ type: 'backup.*' }, ['event', 'later', 'delivery']],
  [{ event: 'e-2' }, ['unmatched']],
  [{ text: 'db1' }, ['event', 'later', 'delivery']],
  [{ text: 'backup' }, ['event', 'later', 'delivery']],
  [{ rule: 'disks' }, ['alert']],
  [{ key: 'w1', rule: 'disks' }, ['alert']],
  [{ rule: 'backups' }, ['event', 'later', 'delivery']],
  [{ key: 'db1' }, ['event', 'later']],
  [{ outcome: 'waiting' }, ['event']],
  [{ outcome: 'notified' }, ['later']],
  [{ outcome: 'no_match' }, ['unmatched']],
  [{ outcome: 'no_match', rule: 'backups' }, []],
  [{ channel: 'ops' }, ['delivery']],
  [{ channel: 'mail' }, []],
  [{ state: ['dead', 'delivered'] }, ['delivery']],
  [{ state: ['dead'] }, []],
  [{ rule: 'backups', outcome: 'notified', type: 'login' }, []],
] as const)('%j', (filter, wanted) => {
  expect(shown(filter)).toEqual(wanted);
});
