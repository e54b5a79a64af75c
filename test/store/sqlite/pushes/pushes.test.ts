import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStore } from '../../../../daemon/store/sqlite/sqlite.ts';
import type { Store } from '../../../../daemon/store/store.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');
const HOUR = 3_600_000;

let path: string;
let store: Store;
beforeEach(async () => {
  path = await mkdtemp(join(tmpdir(), 'belfry-pushes-'));
  store = await openStore({ path, reserve: 0 });
});
afterEach(async () => {
  await store.close();
  await rm(path, { recursive: true });
});

function append(delivery: string, to: readonly string[], require: 'any' | 'all' = 'any'): Promise<number> {
  return store.pushes.append({ delivery, to, require, frame: `{"id":"${delivery}"}`, at: NOW, keepUntil: NOW + HOUR });
}

async function reopen(): Promise<void> {
  await store.close();
  store = await openStore({ path, reserve: 0 });
}

describe('the push cache', () => {
  it('returns the same pushes as the disk', async () => {
    await store.pushes.cursor('ann', NOW);
    const expired = { to: ['*'], require: 'any', frame: '{}', at: NOW, keepUntil: NOW } as const;
    await Promise.all([
      append('d1', ['ann']),
      append('d2', ['bob']),
      append('d3', ['*']),
      store.pushes.append({ delivery: 'd4', ...expired }),
      append('d5', ['bob', 'ann']),
      append('d1', ['ann']),
    ]);
    for (const user of ['ann', 'bob', 'eve'])
      for (const limit of [1, 2, 100])
        for (let seq = 0; seq <= store.pushes.head(); seq += 1)
          expect(store.pushes.cached(user, seq, { limit, now: NOW })).toMatchObject(
            await store.pushes.since(user, seq, { limit, now: NOW }),
          );
  });

  it('does not contain pushes from before a restart', async () => {
    const before = await append('d1', ['ann']);
    await reopen();
    const after = await append('d2', ['ann']);
    expect(store.pushes.cached('ann', before - 1, { limit: 9, now: NOW })).toBeUndefined();
    expect(store.pushes.cached('ann', before, { limit: 9, now: NOW })).toMatchObject([{ seq: after }]);
  });
});

describe('deferred acknowledgements', () => {
  it('completes a delivery once', async () => {
    for (const user of ['ann', 'bob', 'eve']) await store.pushes.cursor(user, NOW);
    const seq = await append('d1', ['*']);
    const heard = await Promise.all(['ann', 'bob', 'eve'].map((user) => store.pushes.ackDeferred(user, seq, NOW)));
    expect(heard).toEqual([['d1'], [], []]);
  });

  it('moves the cursor, also beyond a restart', async () => {
    await store.pushes.cursor('ann', NOW);
    await store.pushes.cursor('bob', NOW);
    const seq = await append('d1', ['*']);
    await store.pushes.ackDeferred('ann', seq, NOW);
    await store.pushes.ackDeferred('bob', seq, NOW);
    expect(await store.pushes.cursor('bob', NOW)).toBe(seq);
    await reopen();
    expect(await Promise.all(['ann', 'bob'].map((user) => store.pushes.cursor(user, NOW)))).toEqual([seq, seq]);
  });

  it('counts for each user of a push that all must acknowledge', async () => {
    for (const user of ['ann', 'bob']) await store.pushes.cursor(user, NOW);
    const seq = await append('d1', ['ann', 'bob'], 'all');
    expect(await store.pushes.ackDeferred('ann', seq, NOW)).toEqual([]);
    expect(await store.pushes.ackDeferred('ann', seq, NOW)).toEqual([]);
    expect(await store.pushes.ackDeferred('bob', seq, NOW)).toEqual(['d1']);
  });

  it('is limited to the newest push', async () => {
    await store.pushes.cursor('ann', NOW);
    const seq = await append('d1', ['ann']);
    expect(await store.pushes.ackDeferred('ann', seq + 1000, NOW)).toEqual(['d1']);
    const next = await append('d2', ['ann']);
    expect(await store.pushes.ackDeferred('ann', next, NOW)).toEqual(['d2']);
  });
});
