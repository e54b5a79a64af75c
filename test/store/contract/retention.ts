import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import type { Store } from '../../../daemon/store/store.ts';
import {
  ATTEMPT,
  HOUR,
  NOW,
  RECEIPT,
  claim,
  decision,
  event,
  idsClaimed,
  ingest,
  ingestDead,
  ingestMany,
} from './samples.ts';

/** Tests of `trim`. */
export function trimsHistory(store: () => Store): void {
  const everything = { before: NOW + HOUR, bytes: Number.MAX_SAFE_INTEGER };

  it('deletes old events and their deliveries', async () => {
    const [made] = await ingestMany(store(), 1);
    await claim(store());
    await store().deliveries.settle(made!.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect(await store().trim({ ...everything, before: NOW })).toBe(0);
    expect(await store().trim(everything)).toBe(1);
    expect(await store().event(made!.event.id)).toBeUndefined();
    expect(await store().deliveries.find(made!.id)).toBeUndefined();
    expect((await store().audit(new Set())).violations).toEqual([]);
    expect(store().deliveries.counts().delivered).toBe(1);
  });

  it('never deletes events with pending or dead deliveries', async () => {
    const dead = await ingestDead(store());
    const [pending] = await ingestMany(store(), 1);
    expect(await store().trim({ before: NOW + HOUR, bytes: 0 })).toBe(0);
    expect(await store().event(dead.event.id)).toBeDefined();
    expect(await idsClaimed(store())).toEqual([pending!.id]);
  });

  it('deletes the oldest events beyond the size limit, in several steps', async () => {
    // A database may compress what repeats.
    const events = Array.from({ length: 500 }, () => event({ data: randomBytes(3000).toString('base64') }));
    await store().transact({ arrivals: events.map((one) => ({ event: one, mayRepeat: false })), now: NOW }, () =>
      decision(),
    );
    const limit = store().size() / 2;
    const forgotten = await store().trim({ before: 0, bytes: limit });
    expect(forgotten).toBeGreaterThan(0);
    expect(forgotten).toBeLessThan(500);
    expect(store().size()).toBeLessThanOrEqual(limit);
    expect(await store().event(events[0]!.id)).toBeUndefined();
    expect(await store().event(events[499]!.id)).toBeDefined();
    expect((await store().audit(new Set())).violations).toEqual([]);
  });

  it('accepts an event with the id of a deleted one', async () => {
    const chosen = event({ id: 'again' });
    const post = () => store().transact({ arrivals: [{ event: chosen, mayRepeat: true }], now: NOW }, () => decision());
    await post();
    expect((await post())[0]!.duplicate).toBe(true);
    await store().trim(everything);
    expect((await post())[0]!.duplicate).toBe(false);
  });

  it('deletes old Idempotency-Keys', async () => {
    const post = () =>
      store().transact(
        {
          arrivals: [{ event: event(), mayRepeat: false }],
          idempotency: { key: 'k', bodyHash: 'h' },
          now: NOW,
        },
        () => decision(),
      );
    await post();
    await store().trim(everything);
    expect((await post())[0]!.duplicate).toBe(false);
  });
}

/** Tests of `audit`. */
export function audits(store: () => Store): void {
  it('counts events by outcome and deliveries by state', async () => {
    const dead = await ingestDead(store());
    const [delivered] = await ingestMany(store(), 1);
    await claim(store());
    await store().deliveries.settle(delivered!.id, { state: 'delivered', receipt: RECEIPT });
    await ingestMany(store(), 2);
    await ingest(store(), []);
    const { events, deliveries, violations } = await store().audit(new Set([dead.id]));
    expect(Object.values(events).reduce((sum, count) => sum + count, 0)).toBe(5);
    expect(deliveries).toEqual({ dead: 1, delivered: 1, pending: 2 });
    expect(violations).toEqual([]);
  });

  it('reports a dead delivery that is not in the dead-letter file', async () => {
    const dead = await ingestDead(store());
    expect((await store().audit(new Set())).violations).toEqual([
      `${dead.id} is dead, but not in the dead-letter file`,
    ]);
  });

  it('reports dead letters of deliveries that are pending or delivered', async () => {
    const [pending, delivered] = await ingestMany(store(), 2, (index) => ({ dueAt: NOW + 1 - index }));
    await claim(store());
    await store().deliveries.settle(delivered!.id, { state: 'delivered', receipt: RECEIPT });
    const { violations } = await store().audit(new Set([pending!.id, delivered!.id, 'edited-by-hand']));
    expect(violations).toEqual([
      `${delivered!.id} is delivered, but in the dead-letter file`,
      `${pending!.id} has not ended, but is in the dead-letter file`,
    ]);
  });
}
