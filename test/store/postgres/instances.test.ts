import { afterEach, beforeEach, expect, it } from 'vitest';
import type { StateChange } from '../../../daemon/core/flow/decision.ts';
import type { PostgresStore } from '../../../daemon/store/postgres/postgres.ts';
import { describePostgres } from '../../support/postgres-server.ts';
import {
  claim,
  decision,
  event,
  FAILED,
  HOUR,
  idsClaimed,
  ingest,
  newDelivery,
  NOW,
  RECEIPT,
} from '../contract/samples.ts';
import { endLease, openInstance, prepareSchema } from './support.ts';

/** A state that counts the events of a key. */
const count = (value: number): StateChange => ({ rule: 'r', key: 'k', step: 's', value, expires: NOW + HOUR });

describePostgres('two instances on one schema', () => {
  let schema: string;
  let a: PostgresStore;
  let b: PostgresStore;
  beforeEach(async () => {
    schema = await prepareSchema();
    [a, b] = [await openInstance(schema, 'a'), await openInstance(schema, 'b')];
  });
  afterEach(async () => {
    await Promise.all([a.close(), b.close()]);
  });

  const increment = (store: PostgresStore) =>
    store.transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, (_, memory) =>
      decision([], [count(Number(memory.read('r', 'k', 's') ?? 0) + 1)]),
    );

  it('decide on the same states, however their decisions are mixed', async () => {
    await Promise.all(Array.from({ length: 60 }, (_, index) => increment(index % 2 === 0 ? a : b)));
    for (const store of [a, b]) await increment(store);
    for (const store of [a, b]) await expect.poll(() => store.memory(NOW).read('r', 'k', 's')).toBe(62);
  });

  it('see a state that the other has deleted or that was read as one of many', async () => {
    const each = (store: PostgresStore): Promise<unknown> =>
      store.applyDecision(NOW, (memory) => ({
        results: [],
        deliveries: [],
        states: [{ ...count(0), key: 'all', value: [...memory.each('r', 's')].map(([key, value]) => [key, value]) }],
      }));
    await increment(a);
    await increment(b);
    await each(b);
    await a.applyDecision(NOW, () => ({ results: [], deliveries: [], states: [{ ...count(0), value: null }] }));
    await each(b);
    await expect.poll(() => a.memory(NOW).read('r', 'all', 's')).toEqual([['all', [['k', 2]]]]);
    expect(b.memory(NOW).read('r', 'k', 's')).toBeUndefined();
  });

  it('store an event of one id once, and an Idempotency-Key once', async () => {
    const chosen = event({ id: 'build-1', source: 'ci' });
    const post = (store: PostgresStore, key: string) =>
      store.transact(
        { arrivals: [{ event: chosen, mayRepeat: true }], now: NOW, idempotency: { key, bodyHash: 'h' } },
        () => decision([newDelivery(chosen)]),
      );
    const answers = await Promise.all([a, b, a, b].map((store, index) => post(store, `k${index}`)));
    expect(answers.flat().filter(({ duplicate }) => !duplicate)).toHaveLength(1);
    expect(new Set(answers.flat().map(({ deliveries }) => deliveries[0])).size).toBe(1);
    const again = await Promise.all([a, b].map((store) => post(store, 'k0')));
    expect(again.flat().every(({ duplicate }) => duplicate)).toBe(true);
  });

  it('claim only their own deliveries, and find those of the other', async () => {
    const one = newDelivery(event());
    await ingest(a, [one]);
    expect(await claim(b)).toEqual([]);
    expect(await b.deliveries.find(one.delivery.id)).toMatchObject({ state: 'pending' });
    expect(await idsClaimed(a)).toEqual([one.delivery.id]);
  });

  it('accept a receipt at either, and cancel what the other has', async () => {
    const [awaited, unwanted] = [newDelivery(event()), newDelivery(event(), { channel: 'other' })];
    await ingest(a, [awaited]);
    await ingest(a, [unwanted]);
    await claim(a);
    const attempt = { at: '2026-11-23T09:00:00Z', ms: 1 };
    await a.deliveries.settle(awaited.delivery.id, { state: 'sending', until: NOW + HOUR, attempt });
    await b.deliveries.settle(awaited.delivery.id, { state: 'delivered', receipt: RECEIPT });
    await b.deliveries.cancel([unwanted.delivery.id]);
    await expect.poll(() => a.deliveries.ownCounts().byChannel.size).toBe(0);
    expect(await a.deliveries.find(awaited.delivery.id)).toMatchObject({ state: 'delivered', receipt: RECEIPT });
    expect(await a.deliveries.find(unwanted.delivery.id)).toMatchObject({ state: 'cancelled' });
    await expect.poll(() => a.deliveries.counts().delivered).toBe(1);
  });

  it('count a delivery once that both settle at the same time', async () => {
    const all = Array.from({ length: 10 }, () => newDelivery(event()));
    for (const one of all) await ingest(a, [one]);
    await claim(a);
    const attempt = { at: '2026-11-23T09:00:00Z', ms: 1 };
    for (const { delivery } of all)
      await a.deliveries.settle(delivery.id, { state: 'sending', until: NOW + HOUR, attempt });
    await Promise.all(
      all.flatMap(({ delivery }) =>
        [a, b].map((store) => store.deliveries.settle(delivery.id, { state: 'delivered', receipt: RECEIPT })),
      ),
    );
    for (const store of [a, b]) await expect.poll(() => store.deliveries.counts().delivered).toBe(10);
    expect((await a.audit(new Set())).violations).toEqual([]);
  });

  it('take over everything of an instance that stops, and send it once', async () => {
    const deliveries = [newDelivery(event()), newDelivery(event()), newDelivery(event())];
    for (const one of deliveries) await ingest(a, [one]);
    const [sent] = await claim(a, { limit: 1 });
    await a.deliveries.settle(sent!.id, {
      state: 'delivered',
      receipt: RECEIPT,
      attempt: { at: '2026-11-23T09:00:00Z', ms: 1 },
    });
    await a.close();
    const left = deliveries.map(({ delivery }) => delivery.id).filter((id) => id !== sent!.id);
    const claimed: string[] = [];
    await expect
      .poll(async () => {
        claimed.push(...(await idsClaimed(b)));
        return claimed.toSorted();
      })
      .toEqual(left.toSorted());
  });

  it('give pushes one sequence, which no reader sees with a gap', async () => {
    const push = (store: PostgresStore, index: number) =>
      store.pushes.append({
        delivery: `d${index}`,
        to: ['ann'],
        require: 'any',
        frame: `{"n":${index}}`,
        at: NOW,
        keepUntil: NOW + HOUR,
      });
    const numbers = await Promise.all(Array.from({ length: 40 }, (_, index) => push(index % 2 === 0 ? a : b, index)));
    expect(new Set(numbers).size).toBe(40);
    for (const store of [a, b]) {
      await expect.poll(() => store.pushes.head()).toBe(Math.max(...numbers));
      expect(store.pushes.cached('ann', 0, { limit: 100, now: NOW })?.map(({ seq }) => seq)).toEqual(
        numbers.toSorted((x, y) => x - y),
      );
    }
    expect(a.pushes.epoch).toBe(b.pushes.epoch);
    await a.pushes.cursor('ann', NOW);
    expect(await b.pushes.ack('ann', Math.max(...numbers), NOW)).toHaveLength(40);
    expect(await a.pushes.ack('ann', Math.max(...numbers), NOW)).toEqual([]);
  });

  it('have different names: a second living instance of one name is refused', async () => {
    await expect(openInstance(schema, 'a')).rejects.toMatchObject({ code: 'store.locked', exit: 75 });
  });

  it('may join again while their own lease lasts, which they renew themselves', async () => {
    const { owner } = a.membership;
    await a.membership.join();
    expect(a.membership.owner).toBeGreaterThan(owner);
  });

  it('know of each other', async () => {
    await b.membership.beat();
    expect(b.membership.members.map(({ instance, slot }) => [instance, slot])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  it('wake a state once: first the one that is responsible, later each', async () => {
    const wake = (store: PostgresStore, key: string) =>
      store.applyDecision(NOW, () => ({
        results: [],
        deliveries: [],
        states: [{ ...count(1), key, wake: NOW + 1000 }],
      }));
    await Promise.all([a.membership.beat(), b.membership.beat()]);
    for (let index = 0; index < 20; index += 1) await wake(a, `k${index}`);
    await expect.poll(() => b.timers.count()).toBe(20);
    const due = (store: PostgresStore, now: number) => store.timers.due(now, 100).map(({ key }) => key);
    const [first, second] = [due(a, NOW + 1000), due(b, NOW + 1000)];
    expect(first.length).toBeGreaterThan(0);
    expect(second.length).toBeGreaterThan(0);
    expect([...first, ...second].toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `k${n}`).toSorted());
    expect(due(b, NOW + 4000)).toHaveLength(20);
  });

  it('hear of holds of a channel that the other has written', async () => {
    const heard: string[] = [];
    b.checkpoints.onChanged((scope) => heard.push(scope));
    await a.checkpoints.write('source:inbox', [{ key: 'x', value: '1' }]);
    await a.checkpoints.write('channel:ops', [{ key: 'held', value: '{}' }]);
    await expect.poll(() => heard).toEqual(['channel:ops']);
    expect(await b.checkpoints.get('channel:ops', 'held')).toBe('{}');
  });

  it('lose nothing when one was silent for too long: the other has its deliveries, and it begins anew', async () => {
    const before = newDelivery(event());
    await ingest(a, [before]);
    const { owner } = a.membership;
    await endLease(schema, owner);
    await expect.poll(() => b.deliveries.ownCounts().byChannel.get('ops')?.pending).toBe(1);
    const after = newDelivery(event());
    await ingest(a, [after]);
    expect(a.membership.owner).not.toBe(owner);
    await a.deliveries.settle(before.delivery.id, { state: 'pending', dueAt: NOW + HOUR });
    expect(await idsClaimed(a)).toEqual([after.delivery.id]);
    expect(await idsClaimed(b)).toEqual([before.delivery.id]);
  });

  it('keep the order of a key: one waits for the earlier delivery of the other', async () => {
    const [first, second, other] = [newDelivery(event()), newDelivery(event()), newDelivery(event(), { key: 'other' })];
    await ingest(a, [first]);
    await ingest(b, [second]);
    await ingest(b, [other]);
    await Promise.all([a.membership.beat(), b.membership.beat()]);
    expect(await idsClaimed(b, { ordered: true })).toEqual([other.delivery.id]);
    expect(await idsClaimed(a, { ordered: true })).toEqual([first.delivery.id]);
    await a.deliveries.settle(first.delivery.id, { state: 'pending', dueAt: NOW, attempt: FAILED });
    await expect.poll(() => b.deliveries.nextDue('ops')).toBe(NOW);
    expect(await idsClaimed(b, { ordered: true })).toEqual([]);
    await claim(a, { ordered: true });
    await a.deliveries.settle(first.delivery.id, { state: 'delivered', receipt: RECEIPT });
    await expect.poll(() => idsClaimed(b, { ordered: true })).toEqual([second.delivery.id]);
  });

  it('share the rate of a channel', async () => {
    const rate = { count: 3, per: 60_000 };
    const asked = await Promise.all([a, b, a, b, a].map((store) => store.rates.take('ops', rate, 2)));
    expect(asked.reduce((sum, { granted }) => sum + granted, 0)).toBe(3);
    const { granted, wait } = await b.rates.take('ops', rate, 1);
    expect([granted, wait > 30_000, wait <= 61_000]).toEqual([0, true, true]);
    expect(await a.rates.take('other', rate, 1)).toMatchObject({ granted: 1 });
    const short = { count: 1, per: 50 };
    expect(await a.rates.take('short', short, 1)).toMatchObject({ granted: 1 });
    const again = async (): Promise<number> => (await b.rates.take('short', short, 1)).granted;
    await expect.poll(again, { timeout: 20_000 }).toBe(1);
  });
});
