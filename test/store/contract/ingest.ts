import { expect, it } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { HOUR, NOW, claim, decision, delivery, event, newDelivery, ingest } from './samples.ts';

/** Tests of `transact` with new events. */
export function ingestsEvents(store: () => Store): void {
  it('finds an event by an id made here', async () => {
    const one = event({ subject: 'acme/api', traceparent: 'x' });
    await ingest(store(), [newDelivery(one)]);
    expect(await store().event(one.id)).toEqual({
      event: one,
      receivedAt: NOW,
      outcomes: { deploys: 'notified' },
      results: [{ rule: 'deploys', key: 'acme/api', outcome: 'notified' }],
      later: [],
    });
  });

  it('finds an event by an id chosen by its sender', async () => {
    const one = event({ id: 'push-17' });
    await store().transact({ arrivals: [{ event: one, mayRepeat: true }], now: NOW }, () => decision());
    expect((await store().event('push-17'))?.event).toEqual(one);
  });

  it('finds events and deliveries by ids of any text', async () => {
    for (const id of ['a\u0000b', 'a\u0000c', '\ud800', "'; DROP TABLE events; --", '', 'x'.repeat(5000)]) {
      const one = event({ id });
      await store().transact({ arrivals: [{ event: one, mayRepeat: true }], now: NOW }, () =>
        decision([newDelivery(one, { id })]),
      );
      expect((await store().event(id))?.event).toEqual(one);
      expect((await store().deliveries.find(id))?.delivery.id).toBe(id);
    }
    expect(await store().trim({ before: NOW + HOUR, bytes: 0 })).toBe(0);
    for (const { id } of await claim(store())) await store().deliveries.settle(id, { state: 'cancelled' });
    expect(await store().trim({ before: NOW + HOUR, bytes: 0 })).toBe(6);
    expect((await store().audit(new Set())).violations).toEqual([]);
  });

  it('finds events whose ids arrive out of order', async () => {
    const [first, second] = [event(), event()];
    await ingest(store(), [newDelivery(second)]);
    await ingest(store(), [newDelivery(first)]);
    expect((await store().event(first.id))?.event).toEqual(first);
    expect((await store().event(second.id))?.event).toEqual(second);
  });

  it('returns nothing for an unknown id', async () => {
    expect(await store().event(event().id)).toBeUndefined();
    expect(await store().event('nothing')).toBeUndefined();
    expect(await store().deliveries.find('nothing')).toBeUndefined();
    expect(await store().deliveries.ofEvent('nothing')).toEqual([]);
  });

  it('leaves rules that did not match out of the outcomes', async () => {
    const one = event();
    const results = [
      { rule: 'a', outcome: 'no_match' },
      { rule: 'b', outcome: 'throttled' },
    ] as const;
    await store().transact({ arrivals: [{ event: one, mayRepeat: false }], now: NOW }, () => ({
      ...decision(),
      results,
    }));
    expect((await store().event(one.id))?.outcomes).toEqual({ b: 'throttled' });
  });

  it('stores all events of a call or none', async () => {
    const [good, bad] = [event(), event()];
    const arrivals = [good, bad].map((one) => ({ event: one, mayRepeat: false }));
    const taking = store().transact({ arrivals, now: NOW }, (one) => {
      if (one === bad) throw new Error('no decision');
      return decision([newDelivery(one)]);
    });
    await expect(taking).rejects.toThrow('no decision');
    expect(await store().event(good.id)).toBeUndefined();
    expect(await claim(store())).toEqual([]);
  });

  it('returns the decision and the ids of its deliveries', async () => {
    const one = event();
    const [first, second] = [newDelivery(one), newDelivery(one, { channel: 'mail' })];
    const accepted = await ingest(store(), [first, second]);
    expect(accepted).toMatchObject({ id: one.id, duplicate: false });
    expect(accepted.deliveries).toEqual([first.delivery.id, second.delivery.id]);
    expect(accepted.decision?.deliveries).toHaveLength(2);
  });

  it('returns events and deliveries of any content unchanged', async () => {
    const one = event({
      data: JSON.parse(
        '{"__proto__": {"a": 1}, "text": "\\u2028 \\ud83d\\ude00 \\u0000 \'; DROP TABLE events", "n": 1e300}',
      ),
    });
    const made = newDelivery(one, {
      key: "k'\u0000ey",
      message: { ...delivery(one).message, body: 'x'.repeat(1 << 20) },
    });
    await ingest(store(), [made]);
    expect(JSON.stringify((await store().event(one.id))?.event)).toBe(JSON.stringify(one));
    expect((await store().deliveries.find(made.delivery.id))?.delivery).toEqual(made.delivery);
  });
}

/** Tests of `transact` with repeated ids and Idempotency-Keys. */
export function findsDuplicates(store: () => Store): void {
  const chosen = event({ id: 'build-9', source: 'ci' });
  const post = (one = chosen, decide = () => decision([newDelivery(one)])) =>
    store().transact({ arrivals: [{ event: one, mayRepeat: true }], now: NOW }, decide);

  it('stores an event once and answers a duplicate with the first deliveries', async () => {
    const [first] = await post();
    // A store may decide again before it knows that the event is a duplicate; that decision has no effect.
    const [second] = await post(chosen, () => decision([newDelivery(chosen), newDelivery(chosen)]));
    expect(second).toEqual({ id: 'build-9', duplicate: true, deliveries: first!.deliveries });
    expect(await claim(store())).toHaveLength(1);
  });

  it('stores one event for many simultaneous calls', async () => {
    const answers = await Promise.all(Array.from({ length: 64 }, () => post()));
    expect(answers.flat().filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(answers.flat().map(({ deliveries }) => deliveries[0]))).toHaveLength(1);
    expect(await claim(store())).toHaveLength(1);
  });

  it('stores one event for a call that contains it twice', async () => {
    const arrival = { event: chosen, mayRepeat: true };
    const answers = await store().transact({ arrivals: [arrival, arrival], now: NOW }, () =>
      decision([newDelivery(chosen)]),
    );
    expect(answers.map(({ duplicate }) => duplicate)).toEqual([false, true]);
    expect(answers[1]!.deliveries).toEqual(answers[0]!.deliveries);
  });

  it('recognizes each of thousands of duplicates', async () => {
    const many = Array.from({ length: 2500 }, (_, index) => event({ id: `run-${index}`, source: 'ci' }));
    const postAll = async (): Promise<readonly boolean[]> => {
      const answers = await Promise.all(many.map((one) => post(one)));
      return answers.map(([accepted]) => accepted!.duplicate);
    };
    expect(new Set(await postAll())).toEqual(new Set([false]));
    expect(new Set(await postAll())).toEqual(new Set([true]));
    for (const one of [many[0]!, many[1023]!, many[1024]!, many.at(-1)!])
      expect((await store().event(one.id))?.event).toEqual(one);
  });

  it('accepts the same id from another source', async () => {
    await post();
    const [other] = await post({ ...chosen, source: 'other' });
    expect(other!.duplicate).toBe(false);
  });

  it('recognizes a duplicate of an event whose id was made here', async () => {
    const one = event();
    await ingest(store(), [newDelivery(one)]);
    const [again] = await post(one);
    expect(again!.duplicate).toBe(true);
  });

  it('accepts an event whose first call was refused', async () => {
    await expect(
      post(chosen, () => {
        throw new Error('refused');
      }),
    ).rejects.toThrow('refused');
    const [second] = await post();
    expect(second!.duplicate).toBe(false);
  });

  const sameData = (first: Event, again: Event): boolean => JSON.stringify(first.data) === JSON.stringify(again.data);
  const careful = (one: Event, isSame = sameData) => ({ event: one, mayRepeat: true, isSame });
  const postCarefully = (...events: readonly Event[]) =>
    store().transact({ arrivals: events.map((one) => careful(one)), now: NOW }, (one) => decision([newDelivery(one)]));

  it('refuses another event with the same id, also while the first one is in flight', async () => {
    const other = { ...chosen, data: { other: true } };
    const first = postCarefully(chosen);
    await expect(postCarefully(other)).rejects.toMatchObject({ code: 'store.conflict' });
    await first;
    await expect(postCarefully(other)).rejects.toMatchObject({ code: 'store.conflict' });
    expect(await postCarefully(chosen)).toMatchObject([{ id: 'build-9', duplicate: true }]);
    expect(await claim(store())).toHaveLength(1);
  });

  it('stores nothing of a call with one id for two events', async () => {
    const fresh = event({ id: 'fresh' });
    await expect(postCarefully(fresh, chosen, { ...chosen, data: 1 })).rejects.toMatchObject({
      code: 'store.conflict',
    });
    expect(await store().event('fresh')).toBeUndefined();
    expect(await postCarefully(chosen, chosen)).toMatchObject([{ duplicate: false }, { duplicate: true }]);
  });

  const keyed = (key: string, bodyHash: string, one = event()) =>
    store().transact({ arrivals: [{ event: one, mayRepeat: false }], idempotency: { key, bodyHash }, now: NOW }, () =>
      decision([newDelivery(one)]),
    );

  it('answers a repeated Idempotency-Key with the first answer', async () => {
    const [first] = await keyed('k1', 'h1');
    expect(await keyed('k1', 'h1')).toEqual([{ id: first!.id, duplicate: true, deliveries: first!.deliveries }]);
    expect(await claim(store())).toHaveLength(1);
  });

  it('stores one event for many simultaneous calls with one Idempotency-Key', async () => {
    const answers = (await Promise.all(Array.from({ length: 64 }, () => keyed('k1', 'h1')))).flat();
    expect(answers.filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(answers.map(({ id }) => id))).toHaveLength(1);
  });

  it('refuses an Idempotency-Key with another body, also while the first call is in flight', async () => {
    const first = keyed('k1', 'h1');
    await expect(keyed('k1', 'h2')).rejects.toMatchObject({ code: 'store.conflict' });
    await first;
    await expect(keyed('k1', 'h2')).rejects.toMatchObject({ code: 'store.conflict' });
  });
}
