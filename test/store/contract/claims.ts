import { expect, it } from 'vitest';
import type { Store } from '../../../daemon/store/store.ts';
import { ATTEMPT, ERROR, FAILED, HOUR, NOW, RECEIPT, claim, idsClaimed, ingestMany } from './samples.ts';

/** Tests of claims, expiry and due times. */
export function claimsDeliveries(store: () => Store): void {
  it('claims due deliveries once, earliest first', async () => {
    const made = await ingestMany(store(), 4, (index) => ({ dueAt: NOW - index }));
    const later = await ingestMany(store(), 1, () => ({ dueAt: NOW + 1 }));
    expect(await idsClaimed(store(), { limit: 3 })).toEqual([made[3]!.id, made[2]!.id, made[1]!.id]);
    expect(await idsClaimed(store())).toEqual([made[0]!.id]);
    expect(await idsClaimed(store())).toEqual([]);
    expect(store().deliveries.nextDue('ops')).toBe(NOW + 1);
    expect(await idsClaimed(store(), { now: NOW + 1 })).toEqual([later[0]!.id]);
  });

  it('returns the complete delivery with its event', async () => {
    const [made] = await ingestMany(store(), 1, () => ({ expiresAt: NOW + HOUR, fallbackOf: 'mail' }));
    expect(await claim(store())).toEqual([made]);
  });

  it('returns each delivery once to simultaneous claims', async () => {
    await ingestMany(store(), 50);
    const claimed = (await Promise.all(Array.from({ length: 20 }, () => idsClaimed(store(), { limit: 5 })))).flat();
    expect(new Set(claimed)).toHaveLength(50);
    expect(claimed).toHaveLength(50);
  });

  it('keeps channels apart', async () => {
    await ingestMany(store(), 2);
    const [mail] = await ingestMany(store(), 1, () => ({ channel: 'mail' }));
    expect(await idsClaimed(store(), { channel: 'mail' })).toEqual([mail!.id]);
    expect(store().deliveries.channels()).toEqual(['ops', 'mail']);
    expect(store().deliveries.nextDue('nobody')).toBeUndefined();
    expect(await idsClaimed(store(), { channel: 'nobody' })).toEqual([]);
  });

  it('releases claims unchanged', async () => {
    const [made] = await ingestMany(store(), 1);
    await claim(store());
    store().deliveries.release([made!.id]);
    store().deliveries.release([made!.id, 'nothing']);
    expect(await claim(store())).toEqual([made]);
    expect(await claim(store())).toEqual([]);
  });

  it('notifies of channels with new deliveries', async () => {
    const notified: string[] = [];
    store().deliveries.onReady((channel) => notified.push(channel));
    const [made] = await ingestMany(store(), 1);
    await ingestMany(store(), 1, () => ({ channel: 'mail' }));
    expect(notified).toEqual(['ops', 'mail']);
    await claim(store());
    store().deliveries.release([made!.id]);
    await Promise.resolve();
    expect(notified).toEqual(['ops', 'mail', 'ops']);
  });

  it('counts pending and sending deliveries by channel', async () => {
    await ingestMany(store(), 3);
    await claim(store(), { limit: 1 });
    const { byChannel } = store().deliveries.counts();
    expect(byChannel.get('ops')).toMatchObject({ pending: 2, sending: 1 });
    expect(Math.abs(byChannel.get('ops')!.oldest! - NOW)).toBeLessThan(HOUR);
  });

  it('claims expired deliveries, due or not', async () => {
    const [late, early, never] = await ingestMany(store(), 3, (index) => ({
      dueAt: NOW + HOUR,
      ...(index < 2 && { expiresAt: NOW + 2 - index }),
    }));
    expect(store().deliveries.nextExpiry('ops')).toBe(NOW + 1);
    const options = { limit: 10, now: NOW + 2 };
    const expired = await store().deliveries.claimExpired('ops', options);
    expect(expired.map(({ id }) => id)).toEqual([early!.id, late!.id]);
    expect(await store().deliveries.claimExpired('ops', options)).toEqual([]);
    expect(store().deliveries.nextExpiry('ops')).toBeUndefined();
    expect(await idsClaimed(store(), { now: NOW + HOUR })).toEqual([never!.id]);
  });

  it('reschedules only deliveries that wait for their first attempt, with their expiry', async () => {
    const [moved, left, retried, claimed] = await ingestMany(store(), 4, (index) => ({
      dueAt: index > 1 ? NOW : NOW + HOUR,
      ...(index === 0 && { expiresAt: NOW + 2 * HOUR }),
    }));
    await claim(store(), { limit: 2 });
    await store().deliveries.settle(retried!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
    const asked: string[] = [];
    await store().deliveries.reschedule(NOW, ({ id }, dueAt) => {
      asked.push(id);
      expect(dueAt).toBe(NOW + HOUR);
      return id === moved!.id ? NOW + 5 : undefined;
    });
    expect(asked.toSorted()).toEqual([moved!.id, left!.id].toSorted());
    expect(await store().deliveries.find(claimed!.id)).toMatchObject({ state: 'sending' });
    expect(store().deliveries.nextDue('ops')).toBe(NOW + 5);
    expect(store().deliveries.nextExpiry('ops')).toBe(NOW + HOUR + 5);
    expect(await store().deliveries.find(moved!.id)).toMatchObject({
      dueAt: NOW + 5,
      delivery: { expiresAt: NOW + HOUR + 5 },
    });
    expect(await idsClaimed(store(), { now: NOW + 5 })).toEqual([moved!.id]);
  });

  it('makes only deliveries that wait for a retry due at once', async () => {
    const [retried, fresh] = await ingestMany(store(), 2, (index) => ({ dueAt: NOW + index * HOUR }));
    await claim(store());
    await store().deliveries.settle(retried!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
    await store().deliveries.retryNow('ops', NOW + 1);
    expect(await idsClaimed(store(), { now: NOW + 1 })).toEqual([retried!.id]);
    expect((await store().deliveries.find(fresh!.id))?.dueAt).toBe(NOW + HOUR);
  });

  it('makes one delivery that waits due at once, whatever it waits for', async () => {
    const [retried, delayed, claimed] = await ingestMany(store(), 3, (index) => ({ dueAt: NOW + index * HOUR }));
    await claim(store());
    await store().deliveries.settle(retried!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + 9 * HOUR });
    await claim(store(), { now: NOW + 2 * HOUR });
    store().deliveries.release([delayed!.id]);
    expect(await store().deliveries.makeDue(retried!.id, NOW)).toBe(true);
    expect(await store().deliveries.makeDue(delayed!.id, NOW)).toBe(true);
    expect(await store().deliveries.makeDue(claimed!.id, NOW)).toBe(false);
    expect(await store().deliveries.makeDue('nothing', NOW)).toBe(false);
    expect((await store().deliveries.find(retried!.id))?.dueAt).toBe(NOW);
    expect((await store().deliveries.find(delayed!.id))?.dueAt).toBe(NOW);
    expect((await idsClaimed(store())).toSorted()).toEqual([retried!.id, delayed!.id].toSorted());
    await store().deliveries.settle(retried!.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect(await store().deliveries.makeDue(retried!.id, NOW)).toBe(false);
  });
}

/** Tests of claims with `ordered`. */
export function keepsOrderByKey(store: () => Store): void {
  const ordered = { ordered: true };

  it('claims one delivery of a key at a time, in order of creation', async () => {
    const made = await ingestMany(store(), 3, (index) => ({ dueAt: NOW - index }));
    for (const { id } of made) {
      expect(await idsClaimed(store(), ordered)).toEqual([id]);
      expect(store().deliveries.nextDue('ops')).toBeUndefined();
      await store().deliveries.settle(id, { state: 'delivered', receipt: RECEIPT });
    }
    expect(await idsClaimed(store(), ordered)).toEqual([]);
  });

  it('holds back only deliveries after one of their key that waits for a retry', async () => {
    const [first, second, other] = await ingestMany(store(), 3, (index) => ({ key: index === 2 ? 'b' : 'a' }));
    expect(await idsClaimed(store(), ordered)).toEqual([first!.id, other!.id]);
    await store().deliveries.settle(first!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
    expect(await idsClaimed(store(), ordered)).toEqual([]);
    expect(await idsClaimed(store(), { ...ordered, now: NOW + HOUR })).toEqual([first!.id]);
    await store().deliveries.settle(first!.id, { state: 'dead', class: 'exhausted', error: ERROR });
    expect(await idsClaimed(store(), ordered)).toEqual([second!.id]);
  });

  it('holds back deliveries after one of their key that awaits a receipt', async () => {
    const [first, second] = await ingestMany(store(), 2);
    await claim(store(), ordered);
    await store().deliveries.settle(first!.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    expect(await idsClaimed(store(), ordered)).toEqual([]);
    await store().deliveries.settle(first!.id, { state: 'delivered', receipt: RECEIPT });
    expect(await idsClaimed(store(), ordered)).toEqual([second!.id]);
  });

  it('notifies when the next delivery of a key can be claimed', async () => {
    const [first] = await ingestMany(store(), 2);
    await claim(store(), ordered);
    const notified: string[] = [];
    store().deliveries.onReady((channel) => notified.push(channel));
    await store().deliveries.settle(first!.id, { state: 'delivered', receipt: RECEIPT });
    expect(notified).toEqual(['ops']);
  });

  it('claims all deliveries when order by key is switched off', async () => {
    const made = await ingestMany(store(), 3);
    expect(await idsClaimed(store(), ordered)).toEqual([made[0]!.id]);
    expect(await idsClaimed(store())).toEqual([made[1]!.id, made[2]!.id]);
  });
}
