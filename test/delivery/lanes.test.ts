import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SendFailure } from '../../daemon/core/problems/failure.ts';
import type { ChannelConfig } from '../../daemon/core/ruleset.ts';
import { channel, down, fails, hangs, Harbour, ok, wrongToken } from '../support/lanes.ts';

let harbour: Harbour;

beforeEach(async () => {
  harbour = await Harbour.open();
});

afterEach(async () => {
  await harbour.close();
});

const state = async (id: string) => (await harbour.store.deliveries.find(id))?.state;

test('a delivery goes out at once and is delivered with its receipt', async () => {
  await harbour.apply(channel('a'));
  const [delivery] = await harbour.owe('a');
  expect(await harbour.store.deliveries.find(delivery!.id)).toMatchObject({ state: 'delivered', receipt: { id: 'r' } });
});

test('transient failures are tried again by the schedule, with one id, and then the delivery is dead as exhausted', async () => {
  harbour.script('a', down);
  await harbour.apply(channel('a', { retry: [5_000, 30_000] }));
  const start = harbour.clock.now();
  const [delivery] = await harbour.owe('a');
  await harbour.clock.advance(5_000);
  await harbour.clock.advance(30_000);
  expect(harbour.sent.map(({ at }) => at - start)).toEqual([0, 5_000, 35_000]);
  expect(new Set(harbour.sent.map(({ id }) => id)).size).toBe(1);
  expect(await harbour.letters()).toMatchObject([
    { id: delivery!.id, class: 'exhausted', error: { code: 'net.refused' }, attempts: [{}, {}, {}] },
  ]);
  expect(await state(delivery!.id)).toBe('dead');
});

test('a permanent failure is dead at once and never tried again', async () => {
  harbour.script('a', fails(new SendFailure('permanent', 'http.422', 'not understood', { status: 422 })));
  await harbour.apply(channel('a'));
  await harbour.owe('a');
  await harbour.clock.advance(24 * 3_600_000);
  expect(harbour.sent).toHaveLength(1);
  expect(await harbour.letters()).toMatchObject([{ class: 'permanent', error: { code: 'http.422', status: 422 } }]);
  expect(harbour.notices.map(({ type }) => type)).toEqual(['belfry.delivery.dead']);
});

test('after a refused credential the rest is held, over a restart too, until the settings change', async () => {
  harbour.script('a', wrongToken, ok);
  await harbour.apply(channel('a', { concurrency: 1 }));
  await harbour.owe('a', {}, 3);
  expect(harbour.lanes.status()).toMatchObject([{ state: 'misconfigured', pending: 0, held: 2 }]);
  expect(harbour.notices.map(({ type }) => type)).toContain('belfry.channel.misconfigured');
  await harbour.lanes.stop(0);
  harbour.lanes = harbour.newLanes();
  await harbour.apply(channel('a', { concurrency: 1 }));
  await harbour.clock.advance(3_600_000);
  expect(harbour.sent).toHaveLength(1);
  await harbour.apply(channel('a', { concurrency: 1 }, 'a-2'));
  await harbour.clock.advance(0);
  expect(harbour.sent).toHaveLength(3);
  expect(harbour.lanes.status()).toMatchObject([{ state: 'ok', held: 0 }]);
});

test('a test that succeeds lets a misconfigured channel go on', async () => {
  harbour.script('a', wrongToken, ok);
  await harbour.apply(channel('a', { concurrency: 1 }));
  await harbour.owe('a', {}, 2);
  const tested = harbour.lanes.test('a');
  await harbour.clock.advance(0);
  expect(await tested).toMatchObject({ kind: 'delivered' });
  await harbour.clock.advance(0);
  expect(harbour.sent).toHaveLength(3);
});

test('five failures in a row open the breaker; one probes after 1, 2, 4 s; when one succeeds all that waited go at once, with no attempt used up', async () => {
  harbour.script('a', down, down, down, down, down, down, down, ok);
  await harbour.apply(channel('a', { retry: [3_600_000], concurrency: 1 }));
  const start = harbour.clock.now();
  await harbour.owe('a', {}, 5);
  expect(harbour.lanes.status()).toMatchObject([
    { state: 'failing', reason: expect.stringContaining('nobody listens') },
  ]);
  await harbour.owe('a', {}, 20);
  await harbour.clock.advance(999);
  expect(harbour.sent).toHaveLength(5);
  await harbour.clock.advance(1);
  await harbour.clock.advance(2_000);
  expect(harbour.sent).toHaveLength(7);
  await harbour.clock.advance(4_000);
  expect(harbour.sent.slice(5, 8).map(({ at }) => at - start)).toEqual([1_000, 3_000, 7_000]);
  expect(harbour.sent).toHaveLength(5 + 2 + 25);
  expect(await harbour.letters()).toEqual([]);
  expect(harbour.notices.map(({ type }) => type)).toEqual(['belfry.channel.failing', 'belfry.channel.recovered']);
});

test('what waits behind an open breaker for longer than give_up_after is dead as exhausted', async () => {
  harbour.script('a', down);
  await harbour.apply(
    channel('a', { retry: [1_000, 1_000, 1_000, 1_000, 1_000, 1_000], concurrency: 4, giveUpAfter: 60_000 }),
  );
  await harbour.owe('a', {}, 8);
  await harbour.clock.advance(10 * 60_000);
  expect(await harbour.letters()).toHaveLength(8);
  expect(new Set((await harbour.letters()).map((letter) => letter.class))).toEqual(new Set(['exhausted']));
});

test('Retry-After of a limit holds the whole channel that long', async () => {
  harbour.script(
    'a',
    fails(new SendFailure('transient', 'http.429', 'slow down', { rateLimited: true, retryAfter: 90_000 })),
    ok,
  );
  await harbour.apply(channel('a', { retry: [1_000], concurrency: 1 }));
  const start = harbour.clock.now();
  await harbour.owe('a', {}, 2);
  await harbour.clock.advance(89_999);
  expect(harbour.sent).toHaveLength(1);
  await harbour.clock.advance(1);
  expect(harbour.sent.map(({ at }) => at - start)).toEqual([0, 90_000, 90_000]);
});

test('surplus over the rate waits and is never failed', async () => {
  await harbour.apply(channel('a', { rate: { count: 2, per: 60_000 } }));
  const start = harbour.clock.now();
  await harbour.owe('a', {}, 5);
  await harbour.clock.advance(180_000);
  expect(harbour.sent.map(({ at }) => at - start)).toEqual([0, 0, 60_000, 60_000, 120_000]);
});

test('with order: key a retry holds back those of its key, and no others', async () => {
  harbour.script('a', down, ok);
  await harbour.apply(channel('a', { order: 'key', retry: [30_000], concurrency: 4 }));
  const [first] = await harbour.owe('a', { key: 'x' });
  const [second] = await harbour.owe('a', { key: 'x' });
  const [other] = await harbour.owe('a', { key: 'y' });
  expect(harbour.sent.map(({ id }) => id)).toEqual([first!.id, other!.id]);
  await harbour.clock.advance(30_000);
  expect(harbour.sent.map(({ id }) => id)).toEqual([first!.id, other!.id, first!.id, second!.id]);
});

test('the fallback gets the message when a delivery ends dead', async () => {
  harbour.script('a', wrongToken);
  await harbour.apply(channel('a', { fallback: 'b' }), channel('b'));
  const [delivery] = await harbour.owe('a');
  expect(harbour.sent.map((sent) => sent.channel)).toEqual(['a', 'b']);
  expect(harbour.sent[1]!.id).not.toBe(delivery!.id);
  expect(await harbour.letters()).toHaveLength(1);
});

test.each([
  ['dead', 1, 'unknown'],
  ['retry', 2, undefined],
] as const)('an unknown outcome follows on_unknown: %s', async (onUnknown, attempts, deadClass) => {
  harbour.script('a', fails(new SendFailure('unknown', 'timeout', 'the request went out')), ok);
  await harbour.apply(channel('a', { onUnknown }));
  await harbour.owe('a');
  await harbour.clock.advance(10_000);
  expect(harbour.sent).toHaveLength(attempts);
  expect((await harbour.letters())[0]?.class).toBe(deadClass);
});

test('what outlives its ttl is dead as expired, also while its channel is held', async () => {
  await harbour.apply(channel('a', { paused: true }));
  await harbour.owe('a', { expiresAt: harbour.clock.now() + 60_000 });
  await harbour.clock.advance(59_000);
  expect(await harbour.letters()).toEqual([]);
  await harbour.clock.advance(1_000);
  expect(await harbour.letters()).toMatchObject([{ class: 'expired' }]);
  expect(harbour.sent).toEqual([]);
});

test('a hold by hand outlives a restart, and a release lets go', async () => {
  await harbour.apply(channel('a'));
  await harbour.lanes.hold('a');
  await harbour.owe('a');
  await harbour.lanes.stop(0);
  harbour.lanes = harbour.newLanes();
  await harbour.apply(channel('a'));
  await harbour.clock.advance(60_000);
  expect(harbour.sent).toEqual([]);
  expect(harbour.lanes.status()).toMatchObject([{ state: 'paused', held: 1 }]);
  await harbour.lanes.release('a');
  await harbour.clock.advance(0);
  expect(harbour.sent).toHaveLength(1);
});

test('a channel that hangs delays no other, and its attempt ends at its deadline', async () => {
  harbour.script('a', hangs);
  await harbour.apply(channel('a', { retry: [] }), channel('b'));
  await harbour.owe('a', {}, 10);
  await harbour.owe('b', {}, 10);
  expect(harbour.sent.filter((sent) => sent.channel === 'b')).toHaveLength(10);
  await harbour.clock.advance(10_000);
  expect(await harbour.letters()).toHaveLength(4);
});

test('a stop lets attempts end, and what is aborted stays owed without a used attempt', async () => {
  harbour.script('a', hangs);
  await harbour.apply(channel('a'));
  const [delivery] = await harbour.owe('a');
  const stopped = harbour.lanes.stop(5_000);
  await harbour.clock.advance(5_000);
  await stopped;
  expect(await harbour.store.deliveries.find(delivery!.id)).toMatchObject({
    state: 'pending',
    delivery: { attempts: [] },
  });
  harbour.script('a', ok);
  harbour.lanes = harbour.newLanes();
  await harbour.apply(channel('a'));
  await harbour.clock.advance(0);
  expect(await state(delivery!.id)).toBe('delivered');
});

describe('a channel that left the rules while it owed something', () => {
  const HOUR = 3_600_000;
  const restart = async (...channels: readonly ChannelConfig[]): Promise<void> => {
    await harbour.lanes.stop(0);
    harbour.lanes = harbour.newLanes();
    await harbour.apply(...channels);
    await harbour.clock.advance(0);
  };

  test('keeps it for 24 hours as held, and then it becomes dead letters', async () => {
    await harbour.apply(channel('a', { paused: true }));
    await harbour.owe('a', {}, 3);
    await harbour.apply();
    await harbour.clock.advance(24 * HOUR - 1);
    expect(harbour.lanes.status()).toMatchObject([
      { name: 'a', type: 'scripted', state: 'removed', held: 3, pending: 0 },
    ]);
    expect(harbour.lanes.isHeld('a')).toBe(true);
    expect(await harbour.letters()).toEqual([]);
    await harbour.clock.advance(1);
    expect((await harbour.letters()).map((letter) => letter.error.code)).toEqual(Array(3).fill('channel.removed'));
    expect(harbour.lanes.status()).toEqual([]);
  });

  test('sends it when it comes back', async () => {
    harbour.script('a', down, ok);
    await harbour.apply(channel('a', { retry: [60_000] }));
    await harbour.owe('a');
    await harbour.apply();
    await harbour.clock.advance(23 * HOUR);
    expect(harbour.sent).toHaveLength(1);
    await harbour.apply(channel('a'));
    await harbour.clock.advance(0);
    expect(harbour.sent).toHaveLength(2);
    expect(harbour.lanes.status()).toMatchObject([{ state: 'ok', held: 0 }]);
    expect(await harbour.letters()).toEqual([]);
  });

  test('is still paused when it comes back paused, and is sent when it is released', async () => {
    await harbour.apply(channel('a'));
    await harbour.lanes.hold('a');
    await harbour.owe('a', {}, 2);
    await harbour.apply();
    await harbour.clock.advance(HOUR);
    await harbour.apply(channel('a'));
    await harbour.clock.advance(48 * HOUR);
    expect(harbour.lanes.status()).toMatchObject([{ state: 'paused', held: 2 }]);
    expect(harbour.sent).toEqual([]);
    await harbour.lanes.release('a');
    await harbour.clock.advance(0);
    expect(harbour.sent).toHaveLength(2);
  });

  test('is still misconfigured when it comes back with the settings that were refused', async () => {
    harbour.script('a', wrongToken);
    await harbour.apply(channel('a', { concurrency: 1 }));
    await harbour.owe('a', {}, 3);
    await harbour.apply();
    await harbour.clock.advance(HOUR);
    await harbour.apply(channel('a', { concurrency: 1 }));
    await harbour.clock.advance(0);
    expect(harbour.lanes.status()).toMatchObject([{ state: 'misconfigured', held: 2 }]);
    expect(harbour.sent).toHaveLength(1);
  });

  test('has its 24 hours once, over restarts and reloads', async () => {
    await harbour.apply(channel('a', { paused: true }));
    await harbour.owe('a', {}, 2);
    await harbour.apply();
    await harbour.clock.advance(10 * HOUR);
    await restart();
    expect(harbour.lanes.status()).toMatchObject([{ name: 'a', type: 'scripted', state: 'removed', held: 2 }]);
    await harbour.clock.advance(10 * HOUR);
    await harbour.apply(channel('b'));
    await harbour.clock.advance(4 * HOUR - 1);
    expect(await harbour.letters()).toEqual([]);
    await harbour.clock.advance(1);
    expect(await harbour.letters()).toHaveLength(2);
  });

  test('has 24 hours anew when it was back in between, also if it came back during a restart', async () => {
    await harbour.apply(channel('a', { paused: true }));
    await harbour.owe('a');
    await harbour.apply();
    await harbour.clock.advance(23 * HOUR);
    await restart(channel('a', { paused: true }));
    await harbour.apply();
    await harbour.clock.advance(23 * HOUR);
    expect(await harbour.letters()).toEqual([]);
    await harbour.clock.advance(HOUR);
    expect(await harbour.letters()).toHaveLength(1);
  });

  test('has 24 hours from the start when it left while the daemon was stopped', async () => {
    await harbour.apply(channel('a', { paused: true }));
    await harbour.owe('a');
    await restart();
    expect(harbour.lanes.status()).toMatchObject([{ name: 'a', type: 'scripted', state: 'removed', held: 1 }]);
    await harbour.clock.advance(24 * HOUR - 1);
    expect(await harbour.letters()).toEqual([]);
    await harbour.clock.advance(1);
    expect(await harbour.letters()).toHaveLength(1);
  });

  test('ends what expires meanwhile, and a push that nobody acknowledges in time', async () => {
    harbour.script('b', async () => ({ awaiting: 'receipt', until: harbour.clock.now() + 2 * HOUR }));
    await harbour.apply(channel('a', { paused: true }), channel('b'));
    await harbour.owe('a', { expiresAt: harbour.clock.now() + HOUR });
    const [kept, lost] = await harbour.owe('b', {}, 2);
    await harbour.apply();
    await harbour.clock.advance(HOUR);
    expect(await harbour.letters()).toMatchObject([{ channel: 'a', error: { code: 'expired' } }]);
    await harbour.lanes.received([kept!.id], { id: 'ack' });
    await harbour.clock.advance(HOUR);
    expect((await harbour.letters()).slice(1)).toMatchObject([{ id: lost!.id, error: { code: 'receipt.missing' } }]);
    expect(harbour.lanes.status()).toEqual([]);
  });

  test('ends a backlog of many whole when its time is over', async () => {
    await harbour.apply(channel('a', { paused: true, order: 'key' }));
    await harbour.owe('a', {}, 150);
    await harbour.apply();
    await harbour.clock.advance(24 * HOUR);
    expect(await harbour.letters()).toHaveLength(150);
    expect(harbour.lanes.status()).toEqual([]);
  });
});

test('changed settings use a new notifier, unchanged ones are not touched', async () => {
  await harbour.apply(channel('a'));
  await harbour.owe('a');
  await harbour.apply(channel('a', { timeout: 5_000 }));
  expect(harbour.closed).toEqual([]);
  await harbour.apply(channel('a', {}, 'a-2'));
  await harbour.clock.advance(0);
  expect(harbour.closed).toEqual(['a-1']);
});

test('a receipt that comes later ends the delivery; one that never comes ends it as expired', async () => {
  harbour.script('a', async () => ({ awaiting: 'receipt', until: harbour.clock.now() + 60_000 }));
  await harbour.apply(channel('a'));
  const [kept, lost] = await harbour.owe('a', {}, 2);
  expect(await state(kept!.id)).toBe('sending');
  await harbour.lanes.received([kept!.id], { id: 'ack' });
  expect(await harbour.store.deliveries.find(kept!.id)).toMatchObject({ state: 'delivered', receipt: { id: 'ack' } });
  await harbour.clock.advance(60_000);
  expect(await harbour.letters()).toMatchObject([{ id: lost!.id, class: 'expired' }]);
});

test('a bug in a channel is dead as internal, and no notice is raised about a notice', async () => {
  harbour.script('a', () => Promise.reject(new TypeError('x is not a function')));
  await harbour.apply(channel('a'));
  const [delivery] = await harbour.owe('a');
  await harbour.owe('a', { event: { ...delivery!.event, source: 'belfry' } });
  expect((await harbour.letters()).map((letter) => letter.class)).toEqual(['internal', 'internal']);
  expect(harbour.notices).toHaveLength(1);
});
