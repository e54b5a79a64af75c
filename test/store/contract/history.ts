import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Event } from '../../../daemon/core/event/event.ts';
import type { HistoryFilter, HistoryQuery, Page, Store } from '../../../daemon/store/store.ts';
import { ERROR, FAILED, HOUR, NOW, RECEIPT, claim, delivery, event, newDelivery } from './samples.ts';

const ALL: HistoryQuery = { limit: 1000, order: 'asc' };

/** Tests of the search in history. */
export function searchesHistory(store: () => Store): void {
  async function arrived(
    of: Partial<Event>,
    rule = 'deploys',
    outcome: 'notified' | 'throttled' = 'notified',
    now = NOW,
  ): Promise<Event> {
    const one = event(of);
    const deliveries =
      outcome === 'notified' ? [newDelivery(one, { rule, key: `key of ${rule}`, createdAt: now, channel: rule })] : [];
    await store().transact({ arrivals: [{ event: one, mayRepeat: true }], now }, () => ({
      results: [{ rule, outcome, key: `key of ${rule}` }],
      states: [],
      deliveries,
    }));
    return one;
  }
  const found = async (filter: HistoryFilter): Promise<string[]> =>
    (await store().events({ ...ALL, ...filter })).items.map(({ event: one }) => one.id);
  const delivered = async (filter: HistoryFilter): Promise<string[]> =>
    (await store().deliveries.page({ ...ALL, ...filter })).items.map((one) => one.delivery.rule);

  it('finds events by source, type, rule, outcome, key, text and id', async () => {
    await arrived({ id: 'a', source: 'api', type: 'backup.failed', data: { text: 'No SPACE left' } }, 'one');
    await arrived({ id: 'b', source: 'hooks', type: 'backup.done' }, 'two', 'throttled');
    await arrived({ id: 'c', source: 'hooks', type: 'deploy' }, 'one', 'throttled');
    expect(await found({ source: 'hooks' })).toEqual(['b', 'c']);
    expect(await found({ type: 'backup.done' })).toEqual(['b']);
    expect(await found({ type: 'backup.*' })).toEqual(['a', 'b']);
    expect(await found({ rule: 'one' })).toEqual(['a', 'c']);
    expect(await found({ outcome: 'throttled' })).toEqual(['b', 'c']);
    expect(await found({ rule: 'one', outcome: 'throttled' })).toEqual(['c']);
    expect(await found({ key: 'key of two' })).toEqual(['b']);
    expect(await found({ text: 'no space' })).toEqual(['a']);
    expect(await found({ text: '%' })).toEqual([]);
    expect(await found({ text: 'source' })).toEqual([]);
    expect(await found({ event: 'b' })).toEqual(['b']);
    expect(await found({ rule: 'nobody' })).toEqual([]);
  });

  it('finds events by their time of arrival', async () => {
    await arrived({ id: 'a' }, 'r', 'throttled', NOW);
    await arrived({ id: 'b' }, 'r', 'throttled', NOW + HOUR);
    await arrived({ id: 'c' }, 'r', 'throttled', NOW + 2 * HOUR);
    expect(await found({ since: NOW + HOUR })).toEqual(['b', 'c']);
    expect(await found({ until: NOW + HOUR })).toEqual(['a']);
    expect(await found({ since: NOW + 1, until: NOW + 2 * HOUR })).toEqual(['b']);
  });

  it('finds events without a matching rule', async () => {
    const one = event();
    await store().transact({ arrivals: [{ event: one, mayRepeat: false }], now: NOW }, () => ({
      results: [],
      states: [],
      deliveries: [],
    }));
    await arrived({}, 'r');
    expect(await found({ outcome: 'no_match' })).toEqual([one.id]);
  });

  it('finds deliveries by channel, state, rule, key, event and text', async () => {
    const first = await arrived({ data: { host: 'the host' } }, 'one');
    await arrived({}, 'two');
    await arrived({}, 'three');
    const [sending] = await claim(store(), { channel: 'two' });
    await store().deliveries.settle(sending!.id, { state: 'delivered', receipt: RECEIPT });
    expect(await delivered({ states: ['pending'] })).toEqual(['one', 'three']);
    expect(await delivered({ states: ['delivered'] })).toEqual(['two']);
    expect(await delivered({ channel: 'three' })).toEqual(['three']);
    expect(await delivered({ rule: 'one' })).toEqual(['one']);
    expect(await delivered({ key: 'key of two' })).toEqual(['two']);
    expect(await delivered({ event: first.id })).toEqual(['one']);
    expect(await delivered({ text: 'The HOST' })).toEqual(['one']);
    expect(await delivered({ text: 'by ann' })).toEqual(['one', 'two', 'three']);
  });

  it('finds deliveries by the class and the code of their last attempt, and of their death', async () => {
    for (const rule of ['one', 'two', 'three']) await arrived({}, rule);
    const [waiting] = await claim(store(), { channel: 'one' });
    await store().deliveries.settle(waiting!.id, { state: 'pending', attempt: FAILED, dueAt: NOW + HOUR });
    const [dead] = await claim(store(), { channel: 'two' });
    await store().deliveries.settle(dead!.id, { state: 'dead', attempt: FAILED, class: 'exhausted', error: ERROR });
    expect(await delivered({ class: FAILED.class! })).toEqual(['one', 'two']);
    expect(await delivered({ code: FAILED.code! })).toEqual(['one', 'two']);
    expect(await delivered({ class: 'exhausted' })).toEqual(['two']);
    expect(await delivered({ code: ERROR.code })).toEqual(ERROR.code === FAILED.code ? ['one', 'two'] : ['two']);
    expect(await delivered({ class: 'internal' })).toEqual([]);
  });

  it('distinguishes sending from pending deliveries', async () => {
    await arrived({}, 'one');
    await claim(store(), { channel: 'one' });
    expect(await delivered({ states: ['sending'] })).toEqual(['one']);
    expect(await delivered({ states: ['pending'] })).toEqual([]);
  });

  it('returns the newest first in descending order', async () => {
    for (const id of ['a', 'b', 'c']) await arrived({ id });
    expect((await store().events({ limit: 2, order: 'desc' })).items.map((one) => one.event.id)).toEqual(['c', 'b']);
  });

  it('returns each event once and in order over pages of any size, while events are added and deleted', async () => {
    const ids: string[] = [];
    for (let index = 0; index < 30; index += 1)
      ids.push((await arrived({ id: `e${index}` }, index % 3 === 0 ? 'third' : 'other', 'throttled')).id);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom('asc', 'desc'),
        fc.boolean(),
        async (limit, order, thirds) => {
          const filter = thirds ? { rule: 'third' } : {};
          const seen: string[] = [];
          let page: Page<{ event: Event }> = await store().events({ ...filter, limit, order });
          for (;;) {
            expect(page.items.length).toBeLessThanOrEqual(limit);
            seen.push(...page.items.map((one) => one.event.id));
            if (page.next === undefined) break;
            page = await store().events({ ...filter, limit, order, cursor: page.next });
          }
          const wanted = ids.filter((_, index) => !thirds || index % 3 === 0);
          expect(seen).toEqual(order === 'asc' ? wanted : wanted.toReversed());
        },
      ),
      { numRuns: 25 },
    );
    const first = await store().events({ limit: 5, order: 'desc' });
    await arrived({ id: 'newer' }, 'other', 'throttled', NOW + 1);
    await store().trim({ before: NOW + 1, bytes: Number.MAX_SAFE_INTEGER });
    expect((await store().events({ limit: 5, order: 'desc', cursor: first.next! })).items).toEqual([]);
  });

  it('rejects an invalid cursor', async () => {
    for (const cursor of ['nonsense', '', Buffer.from('asc.1').toString('base64url')])
      await expect(store().events({ limit: 5, order: 'desc', cursor })).rejects.toMatchObject({
        code: 'history.cursor',
      });
  });

  it('searches ids and texts of any content', async () => {
    const odd = await arrived({ id: 'odd \ud800 "id"', data: { text: 'nul \0 and \udfff' }, subject: "o'clock" }, "r'");
    expect(await found({ text: "o'clock" })).toEqual([odd.id]);
    expect(await found({ rule: "r'" })).toEqual([odd.id]);
    const [dead] = await claim(store(), { channel: "r'" });
    await store().deliveries.settle(dead!.id, {
      state: 'dead',
      class: 'permanent',
      error: { code: 'x', message: 'y' },
      attempt: FAILED,
    });
    expect(await delivered({ states: ['dead'] })).toEqual(["r'"]);
    expect(delivery(odd).event).toBe(odd);
  });
}
