import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStore } from '../../../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../../../daemon/store/store.ts';
import { decision, event, HOUR, NOW } from '../../contract/samples.ts';

let store: Store;
beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
});
afterEach(() => store.close());

async function take(texts: readonly string[], now = NOW): Promise<void> {
  const arrivals = texts.map((text) => ({ event: event({ data: { text } }), mayRepeat: false }));
  await store.transact({ arrivals, now }, () => decision());
}

async function texts(options: { since: number; limit: number }): Promise<readonly string[]> {
  const { events } = await store.latestEvents(options);
  return events.map((one) => (one.event.data as { text: string }).text);
}

test('the newest events come first, whole pages of them and the rest', async () => {
  const all = Array.from({ length: 450 }, (_, index) => `${index}`);
  await take(all);
  expect(await texts({ since: NOW - HOUR, limit: 1000 })).toEqual(all.toReversed());
  expect(await texts({ since: NOW - HOUR, limit: 3 })).toEqual(['449', '448', '447']);
  expect((await store.latestEvents({ since: NOW - HOUR, limit: 450 })).isComplete).toBe(false);
  expect((await store.latestEvents({ since: NOW - HOUR, limit: 451 })).isComplete).toBe(true);
});

test('those that came before are left out', async () => {
  await take(['old'], NOW - 2 * HOUR);
  await take(['new']);
  expect(await texts({ since: NOW - HOUR, limit: 10 })).toEqual(['new']);
  expect(await store.latestEvents({ since: NOW + 1, limit: 10 })).toEqual({ events: [], isComplete: true });
});

test('many large ones are not read: one by its size, the others by what has been read already', async () => {
  await take(Array.from({ length: 400 }, () => 'x'.repeat(60_000)));
  await take(['y'.repeat(70_000), 'small']);
  const { events, isComplete } = await store.latestEvents({ since: NOW - HOUR, limit: 2000 });
  expect(events.some(({ event: one }) => JSON.stringify(one).includes('yyy'))).toBe(false);
  expect([events.length, isComplete]).toEqual([200, false]);
});
