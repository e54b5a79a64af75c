import { expect, test } from 'vitest';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { everyOrder } from './explorer.ts';
import type { Tampering } from './program.ts';

const BOUNDS = { deliveries: 1, crashes: 1, resends: 1, drops: 0, reloads: 0 };

test('the program takes no step that the delivery protocol forbids, in each order of a send, its writes, a crash and a resend', async () => {
  const answers = ['ok', 'permanent'] as const;
  const { walks, found } = await everyOrder({ folder: await temporaryFolder(), bounds: BOUNDS, answers });
  expect(found).toEqual([]);
  expect(walks).toBeGreaterThan(20);
});

test('the program takes no step that the delivery protocol forbids, in each order of a resend, a drop and their writes', async () => {
  const bounds = { ...BOUNDS, crashes: 0, drops: 1 };
  const { walks, found } = await everyOrder({ folder: await temporaryFolder(), bounds, answers: ['permanent'] });
  expect(found).toEqual([]);
  expect(walks).toBeGreaterThan(20);
});

/** The object with one method replaced. */
function replaced<T extends object>(object: T, name: keyof T, method: unknown): T {
  return new Proxy(object, {
    get: (target, key) => {
      if (key === name) return method;
      const value = Reflect.get(target, key) as unknown;
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

const nothing = (): Promise<void> => Promise.resolve();

const MISTAKES: Readonly<Record<string, Tampering>> = {
  'a dead letter that is not written': (store, deadLetters) => ({
    store,
    deadLetters: replaced(deadLetters, 'append', nothing),
  }),
  'a record that stays in the file': (store, deadLetters) => ({
    store,
    deadLetters: replaced(deadLetters, 'change', nothing),
  }),
  'a resend that the store does not keep': (store, deadLetters) => ({
    store: replaced(store, 'deliveries', replaced(store.deliveries, 'resolveDead', nothing)),
    deadLetters,
  }),
  'an outcome that the store does not keep': (store, deadLetters) => ({
    store: replaced(store, 'deliveries', replaced(store.deliveries, 'settle', nothing)),
    deadLetters,
  }),
};

test.each(Object.entries(MISTAKES))('the comparison finds %s', async (_, tamper) => {
  const { found } = await everyOrder({ folder: await temporaryFolder(), bounds: BOUNDS, tamper });
  expect(found).not.toEqual([]);
});
