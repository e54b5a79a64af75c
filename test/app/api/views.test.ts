import { expect, test } from 'vitest';
import { keptBack } from '../../../daemon/app/api/views.ts';
import { keptBackText } from '../../../daemon/cli/render/deliveries.ts';
import { styleOf } from '../../../daemon/cli/render/style.ts';
import type { LaneStatus } from '../../../daemon/delivery/lane/deps.ts';
import { testTerminal } from '../../support/command-line.ts';

const SINCE = '2026-11-23T09:00:00.000Z';

function textFor(status: Omit<LaneStatus, 'name' | 'type' | 'pending' | 'sending' | 'held'>): readonly string[] {
  const found = keptBack({ name: 'pager', type: 'webhook', pending: 0, sending: 0, held: 1, ...status });
  return keptBackText({ channel: 'pager', ...found }, styleOf(testTerminal(), {}));
}

test('a delivery has no reason to wait if its channel works or does not exist', () => {
  expect(textFor({ state: 'ok' })).toEqual([]);
  expect(keptBack(undefined)).toEqual({});
});

test.each<[string, Parameters<typeof textFor>[0], string]>([
  [
    'a refused credential',
    { state: 'misconfigured', code: 'http.401', since: SINCE, reason: `invalid key (http.401) since ${SINCE}` },
    `held: pager misconfigured (http.401) since ${SINCE}: invalid key; belfry channel test pager`,
  ],
  [
    'a person',
    { state: 'paused', since: SINCE, reason: `held since ${SINCE} by ann: move` },
    `held: pager paused: held since ${SINCE} by ann: move; belfry release pager`,
  ],
  [
    'the rules',
    { state: 'paused', reason: '`delivery.paused` in the rules' },
    'held: pager paused: `delivery.paused` in the rules; remove `delivery.paused` from the rules',
  ],
  [
    'its removal',
    { state: 'removed', since: SINCE, reason: `not in the rules since ${SINCE}` },
    `held: pager removed: not in the rules since ${SINCE}; put the channel back into the rules`,
  ],
  [
    'a provider that is down, and goes on by itself',
    { state: 'failing', since: SINCE, reason: 'connection refused (tcp.refused)' },
    'waits: pager failing: connection refused (tcp.refused)',
  ],
])('a delivery that is kept back by %s is shown with the reason and the next step', (_, status, text) => {
  expect(textFor(status)).toEqual([text]);
});
