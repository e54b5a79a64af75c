import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Delivery } from '../../daemon/core/delivery/delivery.ts';
import { OWN_SOURCE } from '../../daemon/core/event/event.ts';
import { SendFailure } from '../../daemon/core/problems/failure.ts';
import type { ChannelConfig } from '../../daemon/core/ruleset.ts';
import { channel, down, fails, hangs, LaneHarness, ok, wrongToken } from '../support/lanes.ts';

let harness: LaneHarness;

beforeEach(async () => {
  harness = await LaneHarness.open();
});

afterEach(async () => {
  await harness.close();
});

const state = async (id: string) => (await harness.store.deliveries.find(id))?.state;

test('a due delivery is sent at once and stored as delivered with its receipt', async () => {
  await harness.apply(channel('a'));
  const [delivery] = await harness.enqueue('a');
  expect(await harness.store.deliveries.find(delivery!.id)).toMatchObject({ state: 'delivered', receipt: { id: 'r' } });
});

test('transient failures are retried by the schedule with the same id, then the delivery is dead as exhausted', async () => {
  harness.script('a', down);
  await harness.apply(channel('a', { retry: [5_000, 30_000] }));
  const start = harness.clock.now();
  const [delivery] = await harness.enqueue('a');
  await harness.clock.advance(5_000);
  await harness.clock.advance(30_000);
  expect(harness.sent.map(({ at }) => at - start)).toEqual([0, 5_000, 35_000]);
  expect(new Set(harness.sent.map(({ id }) => id)).size).toBe(1);
  expect(await harness.deadRecords()).toMatchObject([
    { id: delivery!.id, class: 'exhausted', error: { code: 'net.refused' }, attempts: [{}, {}, {}] },
  ]);
  expect(await state(delivery!.id)).toBe('dead');
});

test('a permanent failure ends the delivery dead without a retry', async () => {
  harness.script('a', fails(new SendFailure('permanent', 'http.422', 'not understood', { status: 422 })));
  await harness.apply(channel('a'));
  await harness.enqueue('a');
  await harness.clock.advance(24 * 3_600_000);
  expect(harness.sent).toHaveLength(1);
  expect(await harness.deadRecords()).toMatchObject([{ class: 'permanent', error: { code: 'http.422', status: 422 } }]);
  expect(harness.notices.map(({ type }) => type)).toEqual(['belfry.delivery.dead']);
});

test('after refused credentials other deliveries are held, also over a restart, until the settings change', async () => {
  harness.script('a', wrongToken, ok);
  await harness.apply(channel('a', { concurrency: 1 }));
  await harness.enqueue('a', {}, 3);
  expect(harness.lanes.status()).toMatchObject([{ state: 'misconfigured', pending: 0, held: 2 }]);
  expect(harness.notices.map(({ type }) => type)).toContain('belfry.channel.misconfigured');
  await harness.lanes.stop(0);
  harness.lanes = harness.newLanes();
  await harness.apply(channel('a', { concurrency: 1 }));
  await harness.clock.advance(3_600_000);
  expect(harness.sent).toHaveLength(1);
  await harness.apply(channel('a', { concurrency: 1 }, 'a-2'));
  await harness.clock.advance(0);
  expect(harness.sent).toHaveLength(3);
  expect(harness.lanes.status()).toMatchObject([{ state: 'ok', held: 0 }]);
});

test('a successful channel test ends misconfigured', async () => {
  harness.script('a', wrongToken, ok);
  await harness.apply(channel('a', { concurrency: 1 }));
  await harness.enqueue('a', {}, 2);
  const tested = harness.lanes.test('a');
  await harness.clock.advance(0);
  expect(await tested).toMatchObject({ kind: 'delivered' });
  await harness.clock.advance(0);
  expect(harness.sent).toHaveLength(3);
});

test('five failures in a row open the breaker; one delivery probes after 1, 2, 4 s; after a success all waiting deliveries go at once without a used attempt', async () => {
  harness.script('a', down, down, down, down, down, down, down, ok);
  await harness.apply(channel('a', { retry: [3_600_000], concurrency: 1 }));
  const start = harness.clock.now();
  await harness.enqueue('a', {}, 5);
  expect(harness.lanes.status()).toMatchObject([
    { state: 'failing', reason: expect.stringContaining('nobody listens') },
  ]);
  await harness.enqueue('a', {}, 20);
  await harness.clock.advance(999);
  expect(harness.sent).toHaveLength(5);
  await harness.clock.advance(1);
  await harness.clock.advance(2_000);
  expect(harness.sent).toHaveLength(7);
  await harness.clock.advance(4_000);
  expect(harness.sent.slice(5, 8).map(({ at }) => at - start)).toEqual([1_000, 3_000, 7_000]);
  expect(harness.sent).toHaveLength(5 + 2 + 25);
  expect(await harness.deadRecords()).toEqual([]);
  expect(harness.notices.map(({ type }) => type)).toEqual(['belfry.channel.failing', 'belfry.channel.recovered']);
});

test('a delivery that waits for an open breaker longer than give_up_after is dead as exhausted', async () => {
  harness.script('a', down);
  await harness.apply(
    channel('a', { retry: [1_000, 1_000, 1_000, 1_000, 1_000, 1_000], concurrency: 4, giveUpAfter: 60_000 }),
  );
  await harness.enqueue('a', {}, 8);
  await harness.clock.advance(10 * 60_000);
  expect(await harness.deadRecords()).toHaveLength(8);
  expect(new Set((await harness.deadRecords()).map((record) => record.class))).toEqual(new Set(['exhausted']));
});

test('a jump of the clock forward gives up no delivery that waits for an open breaker', async () => {
  harness.script('a', down);
  await harness.apply(channel('a', { retry: [1_000, 1_000, 1_000, 1_000, 1_000, 1_000], giveUpAfter: 60_000 }));
  await harness.enqueue('a', {}, 8);
  await harness.clock.advance(20_000);
  harness.clock.skew += 24 * 3_600_000;
  await harness.clock.advance(20_000);
  expect(await harness.deadRecords()).toEqual([]);
  await harness.enqueue('a', {}, 1);
  await harness.clock.advance(10 * 60_000);
  expect(await harness.deadRecords()).toHaveLength(9);
});

test('Retry-After of a rate limit is a cooldown of the whole channel', async () => {
  harness.script(
    'a',
    fails(new SendFailure('transient', 'http.429', 'slow down', { rateLimited: true, retryAfter: 90_000 })),
    ok,
  );
  await harness.apply(channel('a', { retry: [1_000], concurrency: 1 }));
  const start = harness.clock.now();
  await harness.enqueue('a', {}, 2);
  await harness.clock.advance(89_999);
  expect(harness.sent).toHaveLength(1);
  await harness.clock.advance(1);
  expect(harness.sent.map(({ at }) => at - start)).toEqual([0, 90_000, 90_000]);
});

test('deliveries beyond the rate wait and never fail', async () => {
  await harness.apply(channel('a', { rate: { count: 2, per: 60_000 } }));
  const start = harness.clock.now();
  await harness.enqueue('a', {}, 5);
  await harness.clock.advance(180_000);
  expect(harness.sent.map(({ at }) => at - start)).toEqual([0, 0, 60_000, 60_000, 120_000]);
});

test('with order: key a retry delays deliveries of its key only', async () => {
  harness.script('a', down, ok);
  await harness.apply(channel('a', { order: 'key', retry: [30_000], concurrency: 4 }));
  const [first] = await harness.enqueue('a', { key: 'x' });
  const [second] = await harness.enqueue('a', { key: 'x' });
  const [other] = await harness.enqueue('a', { key: 'y' });
  expect(harness.sent.map(({ id }) => id)).toEqual([first!.id, other!.id]);
  await harness.clock.advance(30_000);
  expect(harness.sent.map(({ id }) => id)).toEqual([first!.id, other!.id, first!.id, second!.id]);
});

test('a delivery that ends dead is sent by the fallback channel', async () => {
  harness.script('a', wrongToken);
  await harness.apply(channel('a', { fallback: 'b' }), channel('b'));
  const [delivery] = await harness.enqueue('a');
  expect(harness.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  expect(harness.sent[1]!.id).not.toBe(delivery!.id);
  expect(await harness.deadRecords()).toHaveLength(1);
});

test.each([
  ['dead', 1, 'unknown'],
  ['retry', 2, undefined],
] as const)('an unknown outcome follows on_unknown: %s', async (onUnknown, attempts, deadClass) => {
  harness.script('a', fails(new SendFailure('unknown', 'timeout', 'the request went out')), ok);
  await harness.apply(channel('a', { onUnknown }));
  await harness.enqueue('a');
  await harness.clock.advance(10_000);
  expect(harness.sent).toHaveLength(attempts);
  expect((await harness.deadRecords())[0]?.class).toBe(deadClass);
});

test('a delivery past its ttl is dead as expired, also while its channel is held', async () => {
  await harness.apply(channel('a', { paused: true }));
  await harness.enqueue('a', { expiresAt: harness.clock.now() + 60_000 });
  await harness.clock.advance(59_000);
  expect(await harness.deadRecords()).toEqual([]);
  await harness.clock.advance(1_000);
  expect(await harness.deadRecords()).toMatchObject([{ class: 'expired' }]);
  expect(harness.sent).toEqual([]);
});

test('a manual hold survives a restart, and a release sends what was held', async () => {
  await harness.apply(channel('a'));
  await harness.lanes.hold('a');
  await harness.enqueue('a');
  await harness.lanes.stop(0);
  harness.lanes = harness.newLanes();
  await harness.apply(channel('a'));
  await harness.clock.advance(60_000);
  expect(harness.sent).toEqual([]);
  expect(harness.lanes.status()).toMatchObject([{ state: 'paused', held: 1 }]);
  await harness.lanes.release('a');
  await harness.clock.advance(0);
  expect(harness.sent).toHaveLength(1);
});

/** Events about channels. */
const reported = () =>
  harness.notices
    .filter(({ type }) => type.startsWith('belfry.channel.'))
    .map(({ type, data }) => [type.slice('belfry.channel.'.length), data]);
const other: Partial<Delivery> = {
  event: { id: 'e', source: OWN_SOURCE, type: 'belfry.started', time: '', data: null },
};

test('a channel that recovers after a restart is reported, with what it was and how long', async () => {
  harness.script('a', down);
  await harness.apply(channel('a', { concurrency: 1 }));
  await harness.enqueue('a', {}, 7);
  await harness.restart();
  harness.script('a', ok);
  await harness.apply(channel('a'));
  await harness.clock.advance(60_000);
  expect(reported()).toMatchObject([
    ['failing', { channel: 'a', channel_type: 'scripted', code: 'net.refused', since: '2026-11-23T09:00:00.000Z' }],
    ['recovered', { channel: 'a', after: 'failing', since: '2026-11-23T09:00:00.000Z' }],
  ]);
  await harness.restart();
  await harness.apply(channel('a'));
  await harness.enqueue('a');
  expect(reported()).toHaveLength(2);
});

test('a channel whose refused settings were corrected is reported as recovered at its first delivery', async () => {
  harness.script('a', wrongToken, ok);
  await harness.apply(channel('a', { concurrency: 1 }));
  await harness.enqueue('a', {}, 3);
  await harness.clock.advance(60_000);
  await harness.apply(channel('a', {}, 'a-2'));
  await harness.clock.advance(0);
  expect(reported()).toMatchObject([
    ['misconfigured', { code: 'http.401', held: 2, mend: 'belfry channel test a' }],
    ['recovered', { after: 'misconfigured', down_for: 60_000 }],
  ]);
});

test('refused credentials are reported once, also if a message about the daemon itself was refused', async () => {
  harness.script('a', wrongToken);
  await harness.apply(channel('a'));
  await harness.enqueue('a', other, 3);
  expect(reported().map(([type]) => type)).toEqual(['misconfigured']);
});

test('a failing channel is not reported for deliveries of events of the daemon, because it would report itself without end', async () => {
  harness.script('a', down);
  await harness.apply(channel('a', { concurrency: 1 }));
  await harness.enqueue('a', other, 7);
  expect(reported()).toEqual([]);
});

test('a hold with an end is over by itself, also after a restart, and then sends what was held', async () => {
  await harness.apply(channel('a'));
  await harness.lanes.hold('a', { ms: 7_200_000, reason: 'move of the server', by: 'ann' });
  await harness.enqueue('a');
  await harness.clock.advance(3_600_000);
  await harness.restart();
  await harness.apply(channel('a'));
  expect(harness.lanes.status()).toMatchObject([
    {
      state: 'paused',
      held: 1,
      since: '2026-11-23T09:00:00.000Z',
      until: '2026-11-23T11:00:00.000Z',
      reason: 'held since 2026-11-23T09:00:00.000Z until 2026-11-23T11:00:00.000Z by ann: move of the server',
    },
  ]);
  await harness.clock.advance(3_599_999);
  expect(harness.sent).toEqual([]);
  await harness.clock.advance(1);
  expect(harness.sent).toHaveLength(1);
  expect(harness.lanes.status()).toMatchObject([{ state: 'ok', held: 0 }]);
  expect((await harness.store.checkpoints.read('channel:a')).has('held')).toBe(false);
});

test('a hold with an end is over by itself without a restart', async () => {
  await harness.apply(channel('a'));
  await harness.lanes.hold('a', { ms: 60_000 });
  await harness.enqueue('a');
  await harness.clock.advance(59_999);
  expect(harness.sent).toEqual([]);
  await harness.clock.advance(1);
  expect(harness.sent).toHaveLength(1);
  expect(harness.lanes.status()).toMatchObject([{ state: 'ok', held: 0 }]);
});

test('a hold whose end passed while the daemon was down is over at the start', async () => {
  await harness.apply(channel('a'));
  await harness.lanes.hold('a', { ms: 60_000 });
  await harness.enqueue('a');
  await harness.lanes.stop(0);
  await harness.clock.advance(60_000);
  harness.lanes = harness.newLanes();
  await harness.apply(channel('a'));
  await harness.clock.advance(0);
  expect(harness.sent).toHaveLength(1);
});

test('a second hold replaces the end of the first and keeps its beginning; one without an end waits for a release', async () => {
  await harness.apply(channel('a'));
  await harness.lanes.hold('a', { ms: 60_000, by: 'ann' });
  await harness.clock.advance(30_000);
  expect(await harness.lanes.hold('a', { by: 'bob' })).toEqual({ at: '2026-11-23T09:00:00.000Z', by: 'bob' });
  await harness.clock.advance(24 * 3_600_000);
  expect(harness.lanes.status()).toMatchObject([{ state: 'paused' }]);
  await harness.lanes.release('a');
  expect(harness.lanes.status()).toMatchObject([{ state: 'ok' }]);
});

test('a channel with refused credentials that a person holds shows both reasons', async () => {
  harness.script('a', wrongToken);
  await harness.apply(channel('a', { concurrency: 1 }));
  await harness.enqueue('a');
  await harness.lanes.hold('a', { by: 'ann' });
  expect(harness.lanes.status()).toMatchObject([
    { state: 'misconfigured', reason: expect.stringMatching(/\(http\.401\) since .*; also held since .* by ann$/) },
  ]);
});

test('a channel that hangs delays no other channel, and its attempt ends at its deadline', async () => {
  harness.script('a', hangs);
  await harness.apply(channel('a', { retry: [] }), channel('b'));
  await harness.enqueue('a', {}, 10);
  await harness.enqueue('b', {}, 10);
  expect(harness.sent.filter((sent) => sent.channel === 'b')).toHaveLength(10);
  await harness.clock.advance(10_000);
  expect(await harness.deadRecords()).toHaveLength(4);
});

test('a stop lets attempts end; an aborted delivery stays pending without a used attempt', async () => {
  harness.script('a', hangs);
  await harness.apply(channel('a'));
  const [delivery] = await harness.enqueue('a');
  const stopped = harness.lanes.stop(5_000);
  await harness.clock.advance(5_000);
  await stopped;
  expect(await harness.store.deliveries.find(delivery!.id)).toMatchObject({
    state: 'pending',
    delivery: { attempts: [] },
  });
  harness.script('a', ok);
  harness.lanes = harness.newLanes();
  await harness.apply(channel('a'));
  await harness.clock.advance(0);
  expect(await state(delivery!.id)).toBe('delivered');
});

describe('a channel that was removed from the rules while deliveries were pending', () => {
  const HOUR = 3_600_000;
  const restart = async (...channels: readonly ChannelConfig[]): Promise<void> => {
    await harness.lanes.stop(0);
    harness.lanes = harness.newLanes();
    await harness.apply(...channels);
    await harness.clock.advance(0);
  };

  test('keeps them held for 24 hours, then they become dead letters', async () => {
    await harness.apply(channel('a', { paused: true }));
    await harness.enqueue('a', {}, 3);
    await harness.apply();
    await harness.clock.advance(24 * HOUR - 1);
    expect(harness.lanes.status()).toMatchObject([
      { name: 'a', type: 'scripted', state: 'removed', held: 3, pending: 0 },
    ]);
    expect(harness.lanes.isHeld('a')).toBe(true);
    expect(await harness.deadRecords()).toEqual([]);
    await harness.clock.advance(1);
    expect((await harness.deadRecords()).map((record) => record.error.code)).toEqual(Array(3).fill('channel.removed'));
    expect(harness.lanes.status()).toEqual([]);
  });

  test('sends them when it comes back', async () => {
    harness.script('a', down, ok);
    await harness.apply(channel('a', { retry: [60_000] }));
    await harness.enqueue('a');
    await harness.apply();
    await harness.clock.advance(23 * HOUR);
    expect(harness.sent).toHaveLength(1);
    await harness.apply(channel('a'));
    await harness.clock.advance(0);
    expect(harness.sent).toHaveLength(2);
    expect(harness.lanes.status()).toMatchObject([{ state: 'ok', held: 0 }]);
    expect(await harness.deadRecords()).toEqual([]);
  });

  test('stays paused when it comes back paused, and sends when it is released', async () => {
    await harness.apply(channel('a'));
    await harness.lanes.hold('a');
    await harness.enqueue('a', {}, 2);
    await harness.apply();
    await harness.clock.advance(HOUR);
    await harness.apply(channel('a'));
    await harness.clock.advance(48 * HOUR);
    expect(harness.lanes.status()).toMatchObject([{ state: 'paused', held: 2 }]);
    expect(harness.sent).toEqual([]);
    await harness.lanes.release('a');
    await harness.clock.advance(0);
    expect(harness.sent).toHaveLength(2);
  });

  test('stays misconfigured when it comes back with the refused settings', async () => {
    harness.script('a', wrongToken);
    await harness.apply(channel('a', { concurrency: 1 }));
    await harness.enqueue('a', {}, 3);
    await harness.apply();
    await harness.clock.advance(HOUR);
    await harness.apply(channel('a', { concurrency: 1 }));
    await harness.clock.advance(0);
    expect(harness.lanes.status()).toMatchObject([{ state: 'misconfigured', held: 2 }]);
    expect(harness.sent).toHaveLength(1);
  });

  test('has 24 hours in total, over restarts and reloads', async () => {
    await harness.apply(channel('a', { paused: true }));
    await harness.enqueue('a', {}, 2);
    await harness.apply();
    await harness.clock.advance(10 * HOUR);
    await restart();
    expect(harness.lanes.status()).toMatchObject([{ name: 'a', type: 'scripted', state: 'removed', held: 2 }]);
    await harness.clock.advance(10 * HOUR);
    await harness.apply(channel('b'));
    await harness.clock.advance(4 * HOUR - 1);
    expect(await harness.deadRecords()).toEqual([]);
    await harness.clock.advance(1);
    expect(await harness.deadRecords()).toHaveLength(2);
  });

  test('has another 24 hours after it was back, also if it came back during a restart', async () => {
    await harness.apply(channel('a', { paused: true }));
    await harness.enqueue('a');
    await harness.apply();
    await harness.clock.advance(23 * HOUR);
    await restart(channel('a', { paused: true }));
    await harness.apply();
    await harness.clock.advance(23 * HOUR);
    expect(await harness.deadRecords()).toEqual([]);
    await harness.clock.advance(HOUR);
    expect(await harness.deadRecords()).toHaveLength(1);
  });

  test('has 24 hours from the start of the daemon if it was removed while the daemon was stopped', async () => {
    await harness.apply(channel('a', { paused: true }));
    await harness.enqueue('a');
    await restart();
    expect(harness.lanes.status()).toMatchObject([{ name: 'a', type: 'scripted', state: 'removed', held: 1 }]);
    await harness.clock.advance(24 * HOUR - 1);
    expect(await harness.deadRecords()).toEqual([]);
    await harness.clock.advance(1);
    expect(await harness.deadRecords()).toHaveLength(1);
  });

  test('ends deliveries that expire meanwhile, and a push that no user acknowledges in time', async () => {
    harness.script('b', async () => ({ awaiting: 'receipt', until: harness.clock.now() + 2 * HOUR }));
    await harness.apply(channel('a', { paused: true }), channel('b'));
    await harness.enqueue('a', { expiresAt: harness.clock.now() + HOUR });
    const [kept, lost] = await harness.enqueue('b', {}, 2);
    await harness.apply();
    await harness.clock.advance(HOUR);
    expect(await harness.deadRecords()).toMatchObject([{ channel: 'a', error: { code: 'expired' } }]);
    await harness.lanes.received([kept!.id], { id: 'ack' });
    await harness.clock.advance(HOUR);
    expect((await harness.deadRecords()).slice(1)).toMatchObject([
      { id: lost!.id, error: { code: 'receipt.missing' } },
    ]);
    expect(harness.lanes.status()).toEqual([]);
  });

  test('ends a large backlog completely when its time is over', async () => {
    await harness.apply(channel('a', { paused: true, order: 'key' }));
    await harness.enqueue('a', {}, 150);
    await harness.apply();
    await harness.clock.advance(24 * HOUR);
    expect(await harness.deadRecords()).toHaveLength(150);
    expect(harness.lanes.status()).toEqual([]);
  });
});

test('edited settings open a new notifier, unchanged ones keep theirs', async () => {
  await harness.apply(channel('a'));
  await harness.enqueue('a');
  await harness.apply(channel('a', { timeout: 5_000 }));
  expect(harness.closed).toEqual([]);
  await harness.apply(channel('a', {}, 'a-2'));
  await harness.clock.advance(0);
  expect(harness.closed).toEqual(['a-1']);
});

test('a late receipt ends the delivery as delivered; a missing one ends it as expired', async () => {
  harness.script('a', async () => ({ awaiting: 'receipt', until: harness.clock.now() + 60_000 }));
  await harness.apply(channel('a'));
  const [kept, lost] = await harness.enqueue('a', {}, 2);
  expect(await state(kept!.id)).toBe('sending');
  await harness.lanes.received([kept!.id], { id: 'ack' });
  expect(await harness.store.deliveries.find(kept!.id)).toMatchObject({ state: 'delivered', receipt: { id: 'ack' } });
  await harness.clock.advance(60_000);
  expect(await harness.deadRecords()).toMatchObject([{ id: lost!.id, class: 'expired' }]);
});

test('a bug in a channel ends the delivery dead as internal, and no event is raised about an own event', async () => {
  harness.script('a', () => Promise.reject(new TypeError('x is not a function')));
  await harness.apply(channel('a'));
  const [delivery] = await harness.enqueue('a');
  await harness.enqueue('a', { event: { ...delivery!.event, source: 'belfry' } });
  expect((await harness.deadRecords()).map((record) => record.class)).toEqual(['internal', 'internal']);
  expect(harness.notices).toHaveLength(1);
});

test('a jump of the clock back delays no delivery that waits for a retry, a probe or its first attempt', async () => {
  harness.script('a', down, down, down, down, down, ok);
  await harness.apply(channel('a', { retry: [1_000, 1_000, 1_000, 1_000, 1_000, 1_000], concurrency: 4 }));
  await harness.enqueue('a', {}, 20);
  await harness.clock.advance(100);
  harness.clock.skew -= 3_600_000;
  await harness.clock.advance(60_000);
  expect(harness.store.deliveries.counts()).toMatchObject({ delivered: 20, dead: 0 });
});
