import { expect, it } from 'vitest';
import type { Decision, LaterResult, Memory, StateChange } from '../../../daemon/core/flow/decision.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { HOUR, NOW, RECEIPT, claim, decision, event, idsClaimed, owed, take, takeDead } from './samples.ts';

const FOREVER = Number.MAX_SAFE_INTEGER;

function waiting(key: string, wake: number | undefined, value: unknown = { n: 1 }): StateChange {
  return { rule: 'r', key, step: 'for', value, expires: FOREVER, ...(wake !== undefined && { wake }) };
}

const states = (...changes: StateChange[]): Decision => ({ results: [], states: changes, deliveries: [] });
const LATER: LaterResult = { rule: 'r', key: 'k', outcome: 'notified', at: '2026-11-23T10:00:00Z' };

/** What every store does with what no event caused. */
export function changesStates(the: () => Store): void {
  const write = (...changes: StateChange[]) => the().applyDecision(NOW, () => states(...changes));
  const due = (now: number, limit = 100) =>
    the()
      .timers.due(now, limit)
      .map(({ key }) => key);

  it('commits what is decided without an event, and shows it to what is decided next', async () => {
    await write(waiting('a', undefined, { n: 1 }));
    const seen = await the().applyDecision(NOW, (memory) => ({
      ...states(),
      read: memory.read('r', 'a', 'for'),
      each: [...memory.each('r', 'for')],
    }));
    expect(seen).toMatchObject({ read: { n: 1 }, each: [['a', { n: 1 }]] });
    expect(the().memory(NOW).read('r', 'a', 'for')).toEqual({ n: 1 });
  });

  it('decides in the order of the calls, events and others alike', async () => {
    const count = (memory: Memory): Decision =>
      states(
        waiting('a', undefined, { n: Number((memory.read('r', 'a', 'for') as { n: number } | undefined)?.n ?? 0) + 1 }),
      );
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0
          ? the().applyDecision(NOW, count)
          : the().transact({ arrivals: [{ event: event(), mayRepeat: false }], now: NOW }, (_event, memory) =>
              count(memory),
            ),
      ),
    );
    expect(the().memory(NOW).read('r', 'a', 'for')).toEqual({ n: 20 });
  });

  it('says when the earliest state is to be woken, and which are due', async () => {
    expect(the().timers.next()).toBeUndefined();
    await write(waiting('late', NOW + HOUR), waiting('soon', NOW + 10), waiting('never', undefined));
    expect(the().timers.next()).toBe(NOW + 10);
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
    expect(the().timers.next()).toBeUndefined();
  });

  it('timers a state by its latest time only', async () => {
    await write(waiting('a', NOW + 10));
    await write(waiting('a', NOW + HOUR));
    expect(due(NOW + 10)).toEqual([]);
    await write(waiting('a', NOW + 5));
    expect(the().timers.next()).toBe(NOW + 5);
    expect(the().timers.timesOf({ rule: 'r', key: 'a', step: 'for' })).toMatchObject({ wake: NOW + 5 });
    expect(due(NOW + HOUR)).toEqual(['a']);
  });

  it('tells when the earliest time has become earlier', async () => {
    let told = 0;
    the().timers.onEarlier(() => (told += 1));
    await write(waiting('a', NOW + HOUR));
    expect(told).toBe(1);
    await write(waiting('b', NOW + 2 * HOUR));
    expect(told).toBe(1);
    await write(waiting('c', NOW + 1));
    expect(told).toBe(2);
  });

  it('undoes what it decided when the decision throws', async () => {
    await expect(
      the().applyDecision(NOW, () => {
        throw new Error('bug');
      }),
    ).rejects.toThrow('bug');
    await write(waiting('a', NOW));
    expect(due(NOW)).toEqual(['a']);
  });

  it('owes what a timer decided to the event that it is about', async () => {
    const one = event();
    await take(the(), [], one);
    const later = owed(one, { rule: 'r', key: 'k' });
    await the().applyDecision(NOW, () => ({
      ...states(),
      deliveries: [later],
      later: [{ event: one, result: LATER }],
    }));
    expect(await idsClaimed(the())).toEqual([later.delivery.id]);
    expect((await the().deliveries.ofEvent(one.id)).map(({ delivery }) => delivery.id)).toEqual([later.delivery.id]);
    expect((await the().event(one.id))?.later).toEqual([LATER]);
    await the().deliveries.settle(later.delivery.id, { state: 'delivered', receipt: RECEIPT });
    expect((await the().audit(new Set())).violations).toEqual([]);
  });

  it('finds the event by the id that its sender chose, among others of the same id', async () => {
    const mine = event({ id: 'same "id"\ud800', source: 'mine' });
    const other = event({ id: 'same "id"\ud800', source: 'other' });
    for (const one of [mine, other])
      await the().transact({ arrivals: [{ event: one, mayRepeat: true }], now: NOW }, () => decision());
    await the().applyDecision(NOW, () => ({
      ...states(),
      deliveries: [owed(mine)],
      later: [{ event: mine, result: LATER }],
    }));
    expect((await the().event(mine.id))?.later).toEqual([]);
    expect((await the().audit(new Set())).violations).toEqual([]);
    const [claimed] = await claim(the());
    expect(claimed?.event).toEqual(mine);
  });

  it('sends what is about an event that is forgotten, and forgets it in its turn', async () => {
    const one = event();
    await take(the(), [], one);
    await the().trim({ before: NOW + 1, bytes: Number.MAX_SAFE_INTEGER });
    const later = owed(one);
    await the().applyDecision(NOW, () => ({
      ...states(),
      deliveries: [later],
      later: [{ event: one, result: LATER }],
    }));
    const [claimed] = await claim(the());
    expect(claimed?.event).toEqual(one);
    await the().deliveries.settle(later.delivery.id, { state: 'delivered', receipt: RECEIPT });
    expect((await the().audit(new Set())).violations).toEqual([]);
    await the().trim({ before: NOW + HOUR, bytes: Number.MAX_SAFE_INTEGER });
    expect(await the().deliveries.find(later.delivery.id)).toBeUndefined();
    expect((await the().audit(new Set())).violations).toEqual([]);
  });

  it('takes back what has not begun, and nothing else', async () => {
    const one = event();
    const [delayed, sending] = [owed(one, {}, NOW + HOUR), owed(one)];
    await take(the(), [delayed, sending], one);
    const dead = await takeDead(the());
    await claim(the());
    const cancels = [delayed.delivery.id, sending.delivery.id, dead.id, 'nobody'];
    await the().applyDecision(NOW, () => ({ ...states(), cancels }));
    const stateOf = async (id: string) => (await the().deliveries.find(id))?.state;
    expect(await stateOf(delayed.delivery.id)).toBe('cancelled');
    expect(await stateOf(sending.delivery.id)).toBe('sending');
    expect(await stateOf(dead.id)).toBe('dead');
    expect((await the().audit(new Set([dead.id]))).violations).toEqual([]);
  });

  it('keeps what belongs to one event bounded, and loses nothing of it', async () => {
    const one = event();
    await take(the(), [], one);
    const count = 2500;
    for (let done = 0; done < count; done += 1)
      await the().applyDecision(NOW, () => ({
        ...states(),
        deliveries: [owed(one)],
        later: [{ event: one, result: LATER }],
      }));
    expect((await the().event(one.id))?.later.length).toBeLessThan(1000);
    expect((await claim(the(), { limit: count })).length).toBe(count);
    expect((await the().audit(new Set())).violations).toEqual([]);
  });
}
