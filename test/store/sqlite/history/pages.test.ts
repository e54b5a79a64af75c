import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../../../daemon/store/store.ts';
import { decision, event, HOUR, NOW } from '../../contract/samples.ts';

let store: Store;
beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
});
afterEach(() => store.close());

async function ingest(texts: readonly string[], now = NOW): Promise<void> {
  const arrivals = texts.map((text) => ({ event: event({ data: { text } }), mayRepeat: false }));
  await store.transact({ arrivals, now }, () => decision());
}

async function texts(options: { since: number; limit: number }): Promise<readonly string[]> {
  const { events } = await store.latestEvents(options);
  return events.map((one) => (one.event.data as { text: string }).text);
}

test('the newest events come first, over several pages', async () => {
  const all = Array.from({ length: 450 }, (_, index) => `${index}`);
  await ingest(all);
  expect(await texts({ since: NOW - HOUR, limit: 1000 })).toEqual(all.toReversed());
  expect(await texts({ since: NOW - HOUR, limit: 3 })).toEqual(['449', '448', '447']);
  expect((await store.latestEvents({ since: NOW - HOUR, limit: 450 })).isComplete).toBe(false);
  expect((await store.latestEvents({ since: NOW - HOUR, limit: 451 })).isComplete).toBe(true);
});

test('earlier events are left out', async () => {
  await ingest(['old'], NOW - 2 * HOUR);
  await ingest(['new']);
  expect(await texts({ since: NOW - HOUR, limit: 10 })).toEqual(['new']);
  expect(await store.latestEvents({ since: NOW + 1, limit: 10 })).toEqual({ events: [], isComplete: true });
});

test('large events are left out: one by its size, others by the bound on memory', async () => {
  await ingest(Array.from({ length: 400 }, () => 'x'.repeat(60_000)));
  await ingest(['y'.repeat(70_000), 'small']);
  const { events, isComplete } = await store.latestEvents({ since: NOW - HOUR, limit: 2000 });
  expect(events.some(({ event: one }) => JSON.stringify(one).includes('yyy'))).toBe(false);
  expect([events.length, isComplete]).toEqual([200, false]);
});

test('a page of large events ends early, and the next one goes on', async () => {
  await ingest(Array.from({ length: 20 }, () => 'x'.repeat(900_000)));
  const sizes: number[] = [];
  let cursor: string | undefined;
  do {
    const { items, next } = await store.events({ order: 'asc', limit: 250, ...(cursor !== undefined && { cursor }) });
    sizes.push(items.length);
    cursor = next;
  } while (cursor !== undefined);
  expect(sizes).toEqual([10, 10, 0]);
});
