import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliveryView } from '../../../daemon/app/api/views.ts';
import { SendFailure } from '../../../daemon/core/problems/failure.ts';
import { channel, down, fails, LaneHarness, ok } from '../../support/lanes.ts';

let harness: LaneHarness;

beforeEach(async () => {
  harness = await LaneHarness.open();
});

afterEach(() => harness.close());

const limited = (retryAfter?: number) =>
  fails(
    new SendFailure('transient', 'http.429', 'too many requests', {
      rateLimited: true,
      ...(retryAfter !== undefined && { retryAfter }),
    }),
  );

const inText = (ms: number): string => new Date(ms).toISOString();

async function nextAt(id: string): Promise<string | undefined> {
  return deliveryView((await harness.store.deliveries.find(id))!, harness.lanes).next_at;
}

test('a rate limit without a time begins a cooldown of one minute, and the status shows its end', async () => {
  harness.script('a', limited(), ok);
  await harness.apply(channel('a', { retry: [1_000], concurrency: 1 }));
  const start = harness.clock.now();
  const pending = await harness.enqueue('a', {}, 2);
  await harness.clock.advance(30_000);
  const until = start + 60_000;
  expect(harness.lanes.status()).toEqual([
    {
      name: 'a',
      type: 'scripted',
      state: 'failing',
      reason: `resting until ${inText(until)}: too many requests (http.429)`,
      cooldownUntil: until,
      pending: 2,
      sending: 0,
      held: 0,
    },
  ]);
  expect(await Promise.all(pending.map(({ id }) => nextAt(id)))).toEqual([inText(until), inText(until)]);
  expect(harness.sent).toHaveLength(1);
  await harness.clock.advance(30_000);
  expect(harness.sent.map(({ at }) => at - start)).toEqual([0, 60_000, 60_000]);
  expect(harness.lanes.status()).toMatchObject([{ state: 'ok', pending: 0 }]);
  expect(harness.lanes.status()[0]).not.toHaveProperty('cooldownUntil');
});

test('a cooldown continues after a restart for the time that was left', async () => {
  harness.script('a', limited(3_600_000), ok);
  await harness.apply(channel('a', { concurrency: 1 }));
  const start = harness.clock.now();
  await harness.enqueue('a', {}, 2);
  await harness.clock.advance(600_000);
  await harness.restart();
  await harness.apply(channel('a'));
  const sent = harness.sent.length;
  expect(harness.lanes.status()).toMatchObject([{ state: 'failing', cooldownUntil: start + 3_600_000 }]);
  await harness.clock.advance(3_000_000 - 1);
  expect(harness.sent).toHaveLength(sent);
  await harness.clock.advance(1);
  expect(harness.sent.slice(sent).map(({ at }) => at - start)).toEqual([3_600_000, 3_600_000]);
});

test('a cooldown that is over at the restart, or belongs to other settings, is dropped', async () => {
  harness.script('a', limited(), ok);
  harness.script('b', limited(), ok);
  await harness.apply(channel('a', { paused: false }), channel('b'));
  await harness.enqueue('a');
  await harness.enqueue('b');
  await harness.clock.advance(10_000);
  await harness.restart();
  await harness.apply(channel('a', {}, 'a-2'), channel('b'));
  expect(harness.lanes.status().map(({ name, cooldownUntil }) => [name, cooldownUntil === undefined])).toEqual([
    ['a', true],
    ['b', false],
  ]);
  await harness.clock.advance(60_000);
  await harness.restart();
  await harness.apply(channel('a', {}, 'a-2'), channel('b'));
  expect(harness.lanes.status().every(({ cooldownUntil }) => cooldownUntil === undefined)).toBe(true);
  expect([...(await harness.store.checkpoints.read('channel:a')).keys()]).toEqual([]);
  expect([...(await harness.store.checkpoints.read('channel:b')).keys()]).toEqual([]);
});

test('other settings end a cooldown', async () => {
  harness.script('a', limited(), ok);
  await harness.apply(channel('a'));
  await harness.enqueue('a');
  await harness.clock.advance(5_000);
  await harness.apply(channel('a', {}, 'a-2'));
  await harness.clock.advance(0);
  expect(harness.sent).toHaveLength(2);
  expect(harness.lanes.status()).toMatchObject([{ state: 'ok' }]);
});

test('next_at is never before the next probe of a failing channel, nor before its rate allows', async () => {
  harness.script('a', down);
  await harness.apply(
    channel('a', { retry: [600_000], concurrency: 8 }),
    channel('b', { rate: { count: 1, per: 60_000 } }),
  );
  const failing = await harness.enqueue('a', {}, 8);
  const start = harness.clock.now();
  const waiting = await harness.enqueue('b', {}, 3);
  await harness.clock.advance(10_000);
  const now = harness.clock.now();
  for (const { id } of failing) expect(Date.parse((await nextAt(id))!)).toBeGreaterThanOrEqual(now);
  expect(await Promise.all(waiting.map(({ id }) => nextAt(id)))).toEqual([
    undefined,
    inText(start + 60_000),
    inText(start + 60_000),
  ]);
});

test('a channel test whose caller has disconnected is not sent after the cooldown', async () => {
  harness.script('a', limited(3_600_000), ok);
  await harness.apply(channel('a'));
  await harness.enqueue('a');
  const gone = new AbortController();
  const tested = harness.lanes.test('a', gone.signal);
  await harness.clock.advance(60_000);
  gone.abort();
  expect(await tested).toEqual({ kind: 'killed' });
  await harness.clock.advance(3_600_000);
  expect(new Set(harness.sent.map(({ title }) => title)).has('Test message from Belfry')).toBe(false);
});
