import { expect, it } from 'vitest';
import type { Store } from '../../../daemon/store/store.ts';
import {
  ATTEMPT,
  ERROR,
  FAILED,
  HOUR,
  NOW,
  RECEIPT,
  claim,
  decision,
  delivery,
  event,
  newDelivery,
  ingestDead,
  ingestMany,
} from './samples.ts';

/** Tests of `settle`. */
export function settlesDeliveries(store: () => Store): void {
  const one = async (extra: Parameters<typeof delivery>[1] = {}) => {
    const [made] = await ingestMany(store(), 1, () => extra);
    await claim(store());
    return made!;
  };

  it("stores a delivery's receipt and attempt", async () => {
    const made = await one();
    expect((await store().deliveries.find(made.id))?.state).toBe('sending');
    await store().deliveries.settle(made.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect(await store().deliveries.find(made.id)).toEqual({
      delivery: { ...made, attempts: [ATTEMPT] },
      state: 'delivered',
      receipt: RECEIPT,
    });
    expect(store().deliveries.counts()).toMatchObject({ delivered: 1, dead: 0 });
    expect(store().deliveries.channels()).toEqual([]);
  });

  it('appends each attempt to the earlier ones', async () => {
    const made = await one();
    await store().deliveries.settle(made.id, { state: 'pending', attempt: FAILED, dueAt: NOW + 5 });
    expect(await store().deliveries.find(made.id)).toMatchObject({ state: 'pending', dueAt: NOW + 5 });
    const [again] = await claim(store(), { now: NOW + 5 });
    expect(again!.attempts).toEqual([FAILED]);
    await store().deliveries.settle(made.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect((await store().deliveries.find(made.id))?.delivery.attempts).toEqual([FAILED, ATTEMPT]);
  });

  it('keeps the exchange of the last attempt that has one', async () => {
    const made = await one();
    const exchange = (body: string) => ({ request: { method: 'POST', url: 'https://a.example/', headers: {}, body } });
    const { deliveries } = store();
    expect(await deliveries.exchange(made.id)).toBeUndefined();
    const retry = { state: 'pending', attempt: FAILED, dueAt: NOW } as const;
    await deliveries.settle(made.id, { ...retry, exchange: exchange('first') });
    expect(await deliveries.exchange(made.id)).toEqual(exchange('first'));
    await claim(store());
    await deliveries.settle(made.id, retry);
    expect(await deliveries.exchange(made.id)).toEqual(exchange('first'));
    await claim(store());
    await deliveries.settle(made.id, {
      state: 'dead',
      class: 'permanent',
      error: ERROR,
      attempt: FAILED,
      exchange: exchange('dead \0'),
    });
    expect(await deliveries.exchange(made.id)).toEqual(exchange('dead \0'));
    await deliveries.resolveDead(made.id, {
      state: 'delivered',
      channel: made.channel,
      attempt: ATTEMPT,
      receipt: RECEIPT,
      exchange: exchange('resent'),
    });
    expect(await deliveries.exchange(made.id)).toEqual(exchange('resent'));
    await store().trim({ before: NOW + HOUR, bytes: Number.MAX_SAFE_INTEGER });
    expect(await deliveries.exchange(made.id)).toBeUndefined();
  });

  it('postpones a delivery without an attempt', async () => {
    const made = await one();
    await store().deliveries.settle(made.id, { state: 'pending', dueAt: NOW + 5 });
    expect(store().deliveries.nextDue('ops')).toBe(NOW + 5);
    expect((await claim(store(), { now: NOW + 5 }))[0]!.attempts).toEqual([]);
  });

  it('changes nothing when the delivery is final', async () => {
    const made = await one();
    await Promise.all([
      store().deliveries.settle(made.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT }),
      store().deliveries.settle(made.id, { state: 'dead', class: 'permanent', error: ERROR }),
    ]);
    await store().deliveries.settle(made.id, { state: 'pending', attempt: FAILED, dueAt: NOW });
    expect(await store().deliveries.find(made.id)).toMatchObject({ state: 'delivered', receipt: RECEIPT });
    expect(await claim(store())).toEqual([]);
    expect(store().deliveries.counts()).toMatchObject({ delivered: 1, dead: 0 });
    await store().deliveries.settle('nothing', { state: 'cancelled' });
  });

  it('postpones a delivery again only after another claim', async () => {
    const made = await one();
    const retry = { state: 'pending', attempt: FAILED, dueAt: NOW + 5 } as const;
    await Promise.all([store().deliveries.settle(made.id, retry), store().deliveries.settle(made.id, retry)]);
    expect((await store().deliveries.find(made.id))?.delivery.attempts).toEqual([FAILED]);
  });

  it('waits for a receipt and accepts it at any time', async () => {
    const made = await one();
    await store().deliveries.settle(made.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    expect(await claim(store(), { now: NOW + 2 * HOUR })).toEqual([]);
    expect(store().deliveries.nextDue('ops')).toBeUndefined();
    expect(store().deliveries.nextExpiry('ops')).toBe(NOW + HOUR);
    expect((await store().deliveries.find(made.id))?.state).toBe('sending');
    expect(store().deliveries.counts().byChannel.get('ops')).toMatchObject({ pending: 0, sending: 1 });
    await store().deliveries.settle(made.id, { state: 'delivered', receipt: RECEIPT });
    expect((await store().deliveries.find(made.id))?.delivery.attempts).toEqual([ATTEMPT]);
    expect(store().deliveries.nextExpiry('ops')).toBeUndefined();
  });

  it('accepts a receipt while the wait for it is being written', async () => {
    const made = await one();
    const waiting = store().deliveries.settle(made.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    await store().deliveries.settle(made.id, { state: 'delivered', receipt: RECEIPT });
    await waiting;
    expect(await store().deliveries.find(made.id)).toMatchObject({ state: 'delivered', receipt: RECEIPT });
  });

  it('claims deliveries that waited too long for a receipt as expired', async () => {
    const made = await one({ expiresAt: NOW + 10 * HOUR });
    await store().deliveries.settle(made.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    const [expired] = await store().deliveries.claimExpired('ops', { limit: 5, now: NOW + HOUR });
    expect(expired?.id).toBe(made.id);
    store().deliveries.release([made.id]);
    expect(store().deliveries.nextExpiry('ops')).toBe(NOW + HOUR);
    await store().deliveries.claimExpired('ops', { limit: 5, now: NOW + HOUR });
    await store().deliveries.settle(made.id, { state: 'dead', class: 'expired', error: ERROR });
    expect(await store().deliveries.find(made.id)).toMatchObject({
      state: 'dead',
      error: { ...ERROR, class: 'expired' },
    });
  });

  it('keeps the expiry of a delivery during a wait for a receipt', async () => {
    const made = await one({ expiresAt: NOW + 10 * HOUR });
    await store().deliveries.settle(made.id, { state: 'sending', attempt: ATTEMPT, until: NOW + HOUR });
    await store().deliveries.settle(made.id, { state: 'pending', dueAt: NOW + HOUR });
    expect(store().deliveries.nextExpiry('ops')).toBe(NOW + 10 * HOUR);
    expect(store().deliveries.nextDue('ops')).toBe(NOW + HOUR);
  });

  it('stores the fallback together with the dead delivery', async () => {
    const made = await one();
    const fallback = newDelivery(made.event, { channel: 'mail', fallbackOf: 'ops' });
    const end = { state: 'dead', class: 'permanent', error: ERROR, attempt: FAILED, fallback } as const;
    await Promise.all([store().deliveries.settle(made.id, end), store().deliveries.settle(made.id, end)]);
    expect(await claim(store(), { channel: 'mail' })).toEqual([fallback.delivery]);
    const all = await store().deliveries.ofEvent(made.event.id);
    expect(all.map(({ delivery: { id }, state }) => [id, state])).toEqual([
      [made.id, 'dead'],
      [fallback.delivery.id, 'sending'],
    ]);
    expect((await store().audit(new Set([made.id]))).violations).toEqual([]);
  });

  it('cancels a delivery', async () => {
    const made = await one();
    await store().deliveries.settle(made.id, { state: 'cancelled' });
    expect((await store().deliveries.find(made.id))?.state).toBe('cancelled');
    expect(await claim(store())).toEqual([]);
  });

  it('settles deliveries with ids chosen elsewhere', async () => {
    const made = await one({ id: 'mine-1' });
    expect((await store().deliveries.find('mine-1'))?.state).toBe('sending');
    await store().deliveries.settle('mine-1', { state: 'delivered', receipt: RECEIPT });
    expect((await store().deliveries.find('mine-1'))?.state).toBe('delivered');
    expect((await store().deliveries.ofEvent(made.event.id))[0]?.delivery.id).toBe('mine-1');
  });
}

/** Tests of `resolveDead`, and of deliveries with earlier attempts. */
export function resolvesDead(store: () => Store): void {
  it('marks a dead delivery that was resent as delivered', async () => {
    const dead = await ingestDead(store());
    expect(await store().deliveries.find(dead.id)).toMatchObject({
      state: 'dead',
      error: { ...ERROR, class: 'permanent' },
    });
    const { channel } = dead;
    await store().deliveries.resolveDead(dead.id, { state: 'delivered', channel, attempt: ATTEMPT, receipt: RECEIPT });
    await store().deliveries.resolveDead(dead.id, { state: 'cancelled' });
    expect(await store().deliveries.find(dead.id)).toMatchObject({
      state: 'delivered',
      receipt: RECEIPT,
      delivery: { attempts: [FAILED, ATTEMPT] },
    });
    expect(store().deliveries.counts()).toMatchObject({ delivered: 1, dead: 0 });
    expect((await store().audit(new Set())).violations).toEqual([]);
  });

  it('cancels a dead delivery and changes no other', async () => {
    const dead = await ingestDead(store());
    const [alive] = await ingestMany(store(), 1);
    for (const id of [dead.id, alive!.id, 'nothing']) await store().deliveries.resolveDead(id, { state: 'cancelled' });
    expect((await store().deliveries.find(dead.id))?.state).toBe('cancelled');
    expect((await store().deliveries.find(alive!.id))?.state).toBe('pending');
    expect((await store().audit(new Set())).violations).toEqual([]);
  });

  it('keeps the attempts of a new delivery, also when its event is not stored', async () => {
    const tried = newDelivery(event(), { attempts: [FAILED] });
    await store().applyDecision(NOW, () => decision([tried]));
    expect(await claim(store())).toEqual([tried.delivery]);
    await store().deliveries.settle(tried.delivery.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect((await store().deliveries.find(tried.delivery.id))?.delivery.attempts).toEqual([FAILED, ATTEMPT]);
    expect((await store().audit(new Set())).violations).toEqual([]);
  });
}
