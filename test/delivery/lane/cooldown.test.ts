import { afterEach, beforeEach, expect, test } from 'vitest';
import { deliveryView } from '../../../daemon/app/api/views.ts';
import { SendFailure } from '../../../daemon/core/problems/failure.ts';
import { channel, down, fails, Harbour, ok } from '../../support/lanes.ts';

let harbour: Harbour;

beforeEach(async () => {
  harbour = await Harbour.open();
});

afterEach(() => harbour.close());

const limited = (retryAfter?: number) =>
  fails(
    new SendFailure('transient', 'http.429', 'too many requests', {
      rateLimited: true,
      ...(retryAfter !== undefined && { retryAfter }),
    }),
  );

const inText = (ms: number): string => new Date(ms).toISOString();

async function nextAt(id: string): Promise<string | undefined> {
  return deliveryView((await harbour.store.deliveries.find(id))!, harbour.lanes).next_at;
}

test('a limit without a time rests the channel for a minute, and it says until when', async () => {
  harbour.script('a', limited(), ok);
  await harbour.apply(channel('a', { retry: [1_000], concurrency: 1 }));
  const start = harbour.clock.now();
  const owed = await harbour.owe('a', {}, 2);
  await harbour.clock.advance(30_000);
  const until = start + 60_000;
  expect(harbour.lanes.status()).toEqual([
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
  expect(await Promise.all(owed.map(({ id }) => nextAt(id)))).toEqual([inText(until), inText(until)]);
  expect(harbour.sent).toHaveLength(1);
  await harbour.clock.advance(30_000);
  expect(harbour.sent.map(({ at }) => at - start)).toEqual([0, 60_000, 60_000]);
  expect(harbour.lanes.status()).toMatchObject([{ state: 'ok', pending: 0 }]);
  expect(harbour.lanes.status()[0]).not.toHaveProperty('cooldownUntil');
});

test('a rest goes on after a restart, for as long as was left of it', async () => {
  harbour.script('a', limited(3_600_000), ok);
  await harbour.apply(channel('a', { concurrency: 1 }));
  const start = harbour.clock.now();
  await harbour.owe('a', {}, 2);
  await harbour.clock.advance(600_000);
  await harbour.restart();
  await harbour.apply(channel('a'));
  const sent = harbour.sent.length;
  expect(harbour.lanes.status()).toMatchObject([{ state: 'failing', cooldownUntil: start + 3_600_000 }]);
  await harbour.clock.advance(3_000_000 - 1);
  expect(harbour.sent).toHaveLength(sent);
  await harbour.clock.advance(1);
  expect(harbour.sent.slice(sent).map(({ at }) => at - start)).toEqual([3_600_000, 3_600_000]);
});

test('a rest that is over at the restart, and one with other settings, are forgotten', async () => {
  harbour.script('a', limited(), ok);
  harbour.script('b', limited(), ok);
  await harbour.apply(channel('a', { paused: false }), channel('b'));
  await harbour.owe('a');
  await harbour.owe('b');
  await harbour.clock.advance(10_000);
  await harbour.restart();
  await harbour.apply(channel('a', {}, 'a-2'), channel('b'));
  expect(harbour.lanes.status().map(({ name, cooldownUntil }) => [name, cooldownUntil === undefined])).toEqual([
    ['a', true],
    ['b', false],
  ]);
  await harbour.clock.advance(60_000);
  await harbour.restart();
  await harbour.apply(channel('a', {}, 'a-2'), channel('b'));
  expect(harbour.lanes.status().every(({ cooldownUntil }) => cooldownUntil === undefined)).toBe(true);
  expect([...(await harbour.store.checkpoints.read('channel:a')).keys()]).toEqual([]);
  expect([...(await harbour.store.checkpoints.read('channel:b')).keys()]).toEqual([]);
});

test('other settings end a rest', async () => {
  harbour.script('a', limited(), ok);
  await harbour.apply(channel('a'));
  await harbour.owe('a');
  await harbour.clock.advance(5_000);
  await harbour.apply(channel('a', {}, 'a-2'));
  await harbour.clock.advance(0);
  expect(harbour.sent).toHaveLength(2);
  expect(harbour.lanes.status()).toMatchObject([{ state: 'ok' }]);
});

test('next_at is never before the next probe of a channel that fails, nor before its own rate lets it go', async () => {
  harbour.script('a', down);
  await harbour.apply(
    channel('a', { retry: [600_000], concurrency: 8 }),
    channel('b', { rate: { count: 1, per: 60_000 } }),
  );
  const failing = await harbour.owe('a', {}, 8);
  const start = harbour.clock.now();
  const waiting = await harbour.owe('b', {}, 3);
  await harbour.clock.advance(10_000);
  const now = harbour.clock.now();
  for (const { id } of failing) expect(Date.parse((await nextAt(id))!)).toBeGreaterThanOrEqual(now);
  expect(await Promise.all(waiting.map(({ id }) => nextAt(id)))).toEqual([
    undefined,
    inText(start + 60_000),
    inText(start + 60_000),
  ]);
});

test('a channel test that nobody waits for any more is not sent after the rest', async () => {
  harbour.script('a', limited(3_600_000), ok);
  await harbour.apply(channel('a'));
  await harbour.owe('a');
  const gone = new AbortController();
  const tested = harbour.lanes.test('a', gone.signal);
  await harbour.clock.advance(60_000);
  gone.abort();
  expect(await tested).toEqual({ kind: 'killed' });
  await harbour.clock.advance(3_600_000);
  expect(new Set(harbour.sent.map(({ title }) => title)).has('Test message from Belfry')).toBe(false);
});
