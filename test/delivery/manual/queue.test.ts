import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { ManualQueue } from '../../../daemon/delivery/manual/queue.ts';

test('many turns that wait with one signal add one listener to it, and all of them end with it', async () => {
  const queue = new ManualQueue();
  const stop = new AbortController();
  const turns = Array.from({ length: 20 }, () => queue.wait(() => {}, stop.signal));
  expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
  queue.startNext();
  expect(await turns[0]).toBe(true);
  stop.abort();
  expect(await Promise.all(turns.slice(1))).toEqual(Array(19).fill(false));
  expect(queue.isWaiting).toBe(false);
});
