import { expect, it } from 'vitest';
import type { LaterResult, RuleResult } from '../../../daemon/core/flow/decision.ts';
import type { Event } from '../../../daemon/core/event/event.ts';
import type { Store } from '../../../daemon/store/store.ts';
import { ATTEMPT, claim, event, HOUR, ingestDead, newDelivery, NOW, RECEIPT } from './samples.ts';

/** Tests of the last uses of rules, channels and silences. */
export function countsActivity(store: () => Store): void {
  async function arrived(now: number, ...results: RuleResult[]): Promise<Event> {
    const one = event();
    await store().transact({ arrivals: [{ event: one, mayRepeat: false }], now }, () => ({
      results,
      states: [],
      deliveries: [],
    }));
    return one;
  }
  const later = (one: Event, result: LaterResult): Promise<unknown> =>
    store().applyDecision(NOW, () => ({ results: [], states: [], deliveries: [], later: [{ event: one, result }] }));

  it('knows nothing of an empty store', async () => {
    const { rules, delivered, silenced } = await store().activity(0);
    expect([rules.size, delivered.size, silenced.size]).toEqual([0, 0, 0]);
  });

  it('counts the outcomes of each rule by hour, with its last match and the last time it notified', async () => {
    await arrived(NOW - 3 * HOUR, { rule: 'old', outcome: 'notified' });
    await arrived(NOW - HOUR + 1, { rule: 'a', outcome: 'notified' });
    await arrived(NOW + 5, { rule: 'a', outcome: 'throttled' }, { rule: 'b', outcome: 'throttled' });
    await arrived(NOW + 6, { rule: 'a', outcome: 'throttled' });
    const { rules } = await store().activity(NOW - 2 * HOUR);
    expect(rules.get('a')).toEqual({
      lastMatch: NOW + 6,
      lastNotified: NOW - HOUR + 1,
      hours: [
        { at: NOW - HOUR, outcomes: { notified: 1 } },
        { at: NOW, outcomes: { throttled: 2 } },
      ],
    });
    expect(rules.get('b')).toEqual({ lastMatch: NOW + 5, hours: [{ at: NOW, outcomes: { throttled: 1 } }] });
    expect(rules.get('old')).toEqual({ lastMatch: NOW - 3 * HOUR, lastNotified: NOW - 3 * HOUR, hours: [] });
  });

  it('counts a later result at its own time', async () => {
    const waited = await arrived(NOW - HOUR, { rule: 'slow', outcome: 'waiting' });
    await later(waited, { rule: 'slow', outcome: 'notified', at: new Date(NOW).toISOString() });
    expect((await store().activity(NOW - HOUR)).rules.get('slow')).toEqual({
      lastMatch: NOW - HOUR,
      lastNotified: NOW,
      hours: [
        { at: NOW - HOUR, outcomes: { waiting: 1 } },
        { at: NOW, outcomes: { notified: 1 } },
      ],
    });
  });

  it('knows when a silence last held an event back', async () => {
    await arrived(NOW, { rule: 'a', outcome: 'silenced', silence: 'night' });
    const fired = await arrived(NOW + 1, { rule: 'a', outcome: 'notified' });
    expect((await store().activity(NOW)).silenced).toEqual(new Map([['night', NOW]]));
    const at = new Date(NOW + 2).toISOString();
    await later(fired, { rule: 'a', outcome: 'silenced', silence: 'night', at });
    expect((await store().activity(NOW)).silenced).toEqual(new Map([['night', NOW + 2]]));
  });

  it('knows when a channel last delivered', async () => {
    const one = event();
    const deliveries = ['ops', 'mail'].map((channel) => newDelivery(one, { channel }));
    await store().transact({ arrivals: [{ event: one, mayRepeat: false }], now: NOW }, () => ({
      results: [],
      states: [],
      deliveries,
    }));
    const [sent] = await claim(store());
    await store().deliveries.settle(sent!.id, { state: 'delivered', attempt: ATTEMPT, receipt: RECEIPT });
    expect((await store().activity(NOW)).delivered).toEqual(new Map([['ops', NOW + ATTEMPT.ms]]));
  });

  it('counts a dead letter that was sent elsewhere as a delivery of that channel', async () => {
    const { id } = await ingestDead(store());
    await store().deliveries.resolveDead(id, {
      state: 'delivered',
      channel: 'mail',
      attempt: ATTEMPT,
      receipt: RECEIPT,
    });
    expect((await store().activity(NOW)).delivered).toEqual(new Map([['mail', NOW + ATTEMPT.ms]]));
    expect((await store().deliveries.find(id))?.delivery.attempts.at(-1)).toEqual({ ...ATTEMPT, channel: 'mail' });
  });
}
