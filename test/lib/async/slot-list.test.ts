import { expect, test } from 'vitest';
import { KeyedMutex } from '../../../daemon/lib/async/keyed-mutex.ts';
import { SlotList } from '../../../daemon/lib/async/slot-list.ts';

test('a slot list has the entries that were added and not removed, and removing twice removes no other entry', () => {
  const list = new SlotList<string>();
  const [ann, bob] = [list.add('ann'), list.add('bob')];
  list.remove(ann);
  list.remove(ann);
  expect(list.entries()).toEqual(['bob']);
  list.add('eve');
  list.add('dan');
  expect([...list.entries()].sort()).toEqual(['bob', 'dan', 'eve']);
  list.remove(bob);
  expect([...list.entries()].sort()).toEqual(['dan', 'eve']);
});

test('a mutex takes any key', async () => {
  const mutex = new KeyedMutex();
  for (const key of ['', '__proto__', 'constructor', '1', 'toString']) {
    const order: string[] = [];
    const first = mutex.run(key, async () => {
      await Promise.resolve();
      order.push('first');
    });
    await Promise.all([first, mutex.run(key, async () => void order.push('second'))]);
    expect(order).toEqual(['first', 'second']);
  }
});
