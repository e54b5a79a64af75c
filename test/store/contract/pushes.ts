import { expect, it } from 'vitest';
import type { Store } from '../../../daemon/store/store.ts';
import { HOUR, NOW } from './samples.ts';

/** Tests of the pushes. */
export function keepsPushes(store: () => Store): void {
  const push = (delivery: string, to: string[], extra: { require?: 'any' | 'all'; keepUntil?: number } = {}) =>
    store().pushes.append({
      delivery,
      to,
      require: extra.require ?? 'any',
      frame: `frame of ${delivery}`,
      at: NOW,
      keepUntil: extra.keepUntil ?? NOW + HOUR,
    });
  const frames = async (user: string, seq: number, limit = 10) =>
    (await store().pushes.since(user, seq, { limit, now: NOW })).map(({ frame }) => frame.slice(9));

  it('returns the pushes addressed to a user or to all, oldest first', async () => {
    await push('d1', ['ann']);
    await push('d2', ['bob']);
    await push('d3', ['*']);
    await push('d4', ['ann', 'bob', '*']);
    expect(await frames('ann', 0)).toEqual(['d1', 'd3', 'd4']);
    expect(await frames('bob', 0, 2)).toEqual(['d2', 'd3']);
    expect(await frames('eve', 3)).toEqual(['d4']);
    expect(store().pushes.head()).toBe(4);
  });

  it('adds a push once per delivery', async () => {
    expect(await push('d1', ['ann'])).toBe(await push('d1', ['ann']));
    expect(await frames('ann', 0)).toEqual(['d1']);
  });

  it('completes a delivery for any at the first acknowledgement', async () => {
    const seq = await push('d1', ['ann', 'bob']);
    expect(await store().pushes.ack('ann', seq, NOW)).toEqual(['d1']);
    expect(await store().pushes.ack('bob', seq, NOW)).toEqual([]);
    expect(await store().pushes.ack('ann', seq, NOW)).toEqual([]);
  });

  it('completes a delivery for all at the last acknowledgement of the named users', async () => {
    const seq = await push('d1', ['ann', 'bob'], { require: 'all' });
    expect(await store().pushes.ack('ann', seq, NOW)).toEqual([]);
    expect(await store().pushes.ack('eve', seq, NOW)).toEqual([]);
    expect(await store().pushes.ack('bob', seq, NOW)).toEqual(['d1']);
  });

  it('applies an acknowledgement to all earlier pushes', async () => {
    await push('d1', ['ann']);
    await push('d2', ['bob']);
    const seq = await push('d3', ['*']);
    expect(await store().pushes.cursor('ann', NOW)).toBe(0);
    expect(await store().pushes.ack('ann', seq, NOW)).toEqual(['d1', 'd3']);
    expect(await store().pushes.cursor('ann', NOW)).toBe(seq);
    expect(await store().pushes.ack('ann', 1, NOW)).toEqual([]);
    expect(await store().pushes.cursor('ann', NOW)).toBe(seq);
  });

  it('limits an acknowledgement to pushes that were sent', async () => {
    await push('d1', ['ann']);
    await store().pushes.ack('ann', 99, NOW);
    await push('d2', ['ann']);
    expect(await frames('ann', await store().pushes.cursor('ann', NOW))).toEqual(['d2']);
  });

  it('starts a new user at the oldest push that nobody has acknowledged', async () => {
    await push('d1', ['*']);
    await store().pushes.ack('ann', 1, NOW);
    await push('d2', ['bob']);
    await push('d3', ['*']);
    expect(await store().pushes.cursor('eve', NOW)).toBe(2);
    expect(await store().pushes.cursor('bob', NOW)).toBe(1);
  });

  it('keeps the cursor of a user who has connected but acknowledged nothing', async () => {
    await store().pushes.cursor('ann', NOW);
    await push('d1', ['*']);
    await store().pushes.ack('bob', 1, NOW);
    await push('d2', ['*']);
    expect(await frames('ann', await store().pushes.cursor('ann', NOW))).toEqual(['d1', 'd2']);
  });

  it('deletes expired pushes and never uses a number again', async () => {
    await push('d1', ['ann'], { keepUntil: NOW });
    expect(await frames('ann', 0)).toEqual([]);
    await store().pushes.trim(NOW);
    expect(await push('d2', ['ann'])).toBe(2);
    expect(await frames('ann', 0)).toEqual(['d2']);
  });
}
