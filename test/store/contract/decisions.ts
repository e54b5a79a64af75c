import { expect, it } from 'vitest';
import type { Decision, LaterResult, Memory, StateChange } from '../../../daemon/core/flow/decision.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { HOUR, NOW, RECEIPT, claim, decision, event, idsClaimed, newDelivery, ingest, ingestDead } from './samples.ts';

const FOREVER = Number.MAX_SAFE_INTEGER;

function waiting(key: string, wake: number | undefined, value: unknown = { n: 1 }): StateChange {
  return { rule: 'r', key, step: 'for', value, expires: FOREVER, ...(wake !== undefined && { wake }) };
}

const states = (...changes: StateChange[]): Decision => ({ results: [], states: changes, deliveries: [] });
const LATER: LaterResult = { rule: 'r', key: 'k', outcome: 'notified', at: '2026-11-23T10:00:00Z' };

/** Tests of `applyDecision` and the timers. */
export function appliesDecisions(store: () => Store): void {
  const write = (...changes: StateChange[]) => store().applyDecision(NOW, () => states(...changes));
  const due = (now: number, limit = 100) =>
    store()
      .timers.due(now, limit)
      .map(({ key }) => key);

  it('commits a decision without an event and shows its states to the next decision', async () => {
    await write(waiting('a', undefined, { n: 1 }));
    const seen = await store().applyDecision(NOW, (memory) => ({
      ...states(),
      read: memory.read('r', 'a', 'for'),
      each: [...memory.each('r', 'for')],
    }));
    expect(seen).toMatchObject({ read: { n: 1 }, each: [['a', { n: 1 }]] });
    expect(store().memory(NOW).read('r', 'a', 'for')).toEqual({ n: 1 });
  });

  it('makes all decisions in the order of the calls', async () => {
    const count = (memory: Memory): Decision =>
      states(
        waiting('a', undefined, { n: Number((memory.read('r', 'a', 'for') as { n: number } | undefined)?.n ?? 0) + 1 }),
      );
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0
          ? store().applyDecision(NOW, count)
          : store().transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, (_event, memory) =>
              count(memory),
            ),
      ),
    );
    expect(store().memory(NOW).read('r', 'a', 'for')).toEqual({ n: 20 });
  });

  it('returns the earliest timer and the due ones', async () => {
    expect(store().timers.next()).toBeUndefined();
    await write(waiting('late', NOW + HOUR), waiting('soon', NOW + 10), waiting('never', undefined));
    expect(store().timers.next()).toBe(NOW + 10);
    expect(due(NOW + 9)).toEqual([]);
    expect(due(NOW + 10)).toEqual(['soon']);
    expect(due(NOW + HOUR)).toEqual(['soon', 'late']);
    expect(due(NOW + HOUR, 1)).toEqual(['soon']);
  });

  it('keeps a state due until a decision changes it', async () => {
    await write(waiting('a', NOW));
    expect(due(NOW)).toEqual(['a']);
    expect(due(NOW)).toEqual(['a']);
    await write({ ...waiting('a', undefined), value: null });
    expect(due(NOW)).toEqual([]);
    expect(store().timers.next()).toBeUndefined();
  });

  it('keeps only the latest time of a state', async () => {
    await write(waiting('a', NOW + 10));
    await write(waiting('a', NOW + HOUR));
    expect(due(NOW + 10)).toEqual([]);
    await write(waiting('a', NOW + 5));
    expect(store().timers.next()).toBe(NOW + 5);
    expect(store().timers.timesOf({ rule: 'r', key: 'a', step: 'for' })).toMatchObject({ wake: NOW + 5 });
    expect(due(NOW + HOUR)).toEqual(['a']);
  });

  it('notifies when the earliest timer has become earlier', async () => {
    let notified = 0;
    store().timers.onEarlier(() => (notified += 1));
    await write(waiting('a', NOW + HOUR));
    expect(notified).toBe(1);
    await write(waiting('b', NOW + 2 * HOUR));
    expect(notified).toBe(1);
    await write(waiting('c', NOW + 1));
    expect(notified).toBe(2);
  });

  it('undoes a decision that throws', async () => {
    await expect(
      store().applyDecision(NOW, () => {
        throw new Error('bug');
      }),
    ).rejects.toThrow('bug');
    await write(waiting('a', NOW));
    expect(due(NOW)).toEqual(['a']);
  });

  it("attaches the deliveries of a timer's decision to their event", async () => {
    const one = event();
    await ingest(store(), [], one);
    const later = newDelivery(one, { rule: 'r', key: 'k' });
    await store().applyDecision(NOW, () => ({
      ...states(),
      deliveries: [later],
      later: [{ event: one, result: LATER }],
    }));
    expect(await idsClaimed(store())).toEqual([later.delivery.id]);
    expect((await store().deliveries.ofEvent(one.id)).map(({ delivery }) => delivery.id)).toEqual([later.delivery.id]);
    expect((await store().event(one.id))?.later).toEqual([LATER]);
    await store().deliveries.settle(later.delivery.id, { state: 'delivered', receipt: RECEIPT });
    expect((await store().audit(new Set())).violations).toEqual([]);
  });

  it('finds the event by id and source among events with the same id', async () => {
    const mine = event({ id: 'same "id"\ud800', source: 'mine' });
    const other = event({ id: 'same "id"\ud800', source: 'other' });
    for (const one of [mine, other])
      await store().transact({ arrivals: [{ event: one, mayRepeat: true }], now: NOW }, () => decision());
    await store().applyDecision(NOW, () => ({
      ...states(),
      deliveries: [newDelivery(mine)],
      later: [{ event: mine, result: LATER }],
    }));
    expect((await store().event(mine.id))?.later).toEqual([]);
    expect((await store().audit(new Set())).violations).toEqual([]);
    const [claimed] = await claim(store());
    expect(claimed?.event).toEqual(mine);
  });

  it('sends deliveries of a deleted event and deletes them by their age', async () => {
    const one = event();
    await ingest(store(), [], one);
    await store().trim({ before: NOW + 1, bytes: Number.MAX_SAFE_INTEGER });
    const later = newDelivery(one);
    await store().applyDecision(NOW, () => ({
      ...states(),
      deliveries: [later],
      later: [{ event: one, result: LATER }],
    }));
    const [claimed] = await claim(store());
    expect(claimed?.event).toEqual(one);
    await store().deliveries.settle(later.delivery.id, { state: 'delivered', receipt: RECEIPT });
    expect((await store().audit(new Set())).violations).toEqual([]);
    await store().trim({ before: NOW + HOUR, bytes: Number.MAX_SAFE_INTEGER });
    expect(await store().deliveries.find(later.delivery.id)).toBeUndefined();
    expect((await store().audit(new Set())).violations).toEqual([]);
  });

  it('cancels pending deliveries only', async () => {
    const one = event();
    const [delayed, sending] = [newDelivery(one, {}, NOW + HOUR), newDelivery(one)];
    await ingest(store(), [delayed, sending], one);
    const dead = await ingestDead(store());
    await claim(store());
    const cancels = [delayed.delivery.id, sending.delivery.id, dead.id, 'nobody'];
    await store().applyDecision(NOW, () => ({ ...states(), cancels }));
    const stateOf = async (id: string) => (await store().deliveries.find(id))?.state;
    expect(await stateOf(delayed.delivery.id)).toBe('cancelled');
    expect(await stateOf(sending.delivery.id)).toBe('sending');
    expect(await stateOf(dead.id)).toBe('dead');
    expect((await store().audit(new Set([dead.id]))).violations).toEqual([]);
  });

  it('bounds the lists of one event and loses no delivery', async () => {
    const one = event();
    await ingest(store(), [], one);
    const count = 2500;
    for (let done = 0; done < count; done += 1)
      await store().applyDecision(NOW, () => ({
        ...states(),
        deliveries: [newDelivery(one)],
        later: [{ event: one, result: LATER }],
      }));
    expect((await store().event(one.id))?.later.length).toBeLessThan(1000);
    expect((await claim(store(), { limit: count })).length).toBe(count);
    expect((await store().audit(new Set())).violations).toEqual([]);
  });
}
