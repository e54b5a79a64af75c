import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { search } from '../../../../daemon/store/postgres/history/search.ts';
import type { Event } from '../../../../daemon/core/event/event.ts';
import { delivery, ERROR, event, FAILED, HOUR, NOW } from '../../contract/samples.ts';
import type { PostgresServer } from '../../../support/postgres-server.ts';
import { Trial } from './trial.ts';

/** Tests of the search, by condition and by page. */
export function searchesOnPostgres(postgres: () => Promise<PostgresServer>): void {
  describe('search on PostgreSQL', () => {
    let trial: Trial;
    beforeEach(async () => {
      trial = new Trial(await postgres());
      await trial.open();
    });
    afterEach(() => trial.close());

    test('each condition on an event is found exactly', async () => {
      const [a, b, c] = await trial.arrived(
        {
          event: event({ type: 'backup.failed', data: { text: 'No SPACE left' } }),
          results: [{ rule: 'one', outcome: 'notified', key: 'k' }],
        },
        {
          event: event({ source: 'hooks', type: 'backup.done' }),
          results: [{ rule: 'two', outcome: 'throttled' }],
          at: NOW + HOUR,
        },
        { event: event({ id: 'chosen', source: 'hooks' }), mayRepeat: true, at: NOW + 2 * HOUR },
      );
      expect(await trial.found({ source: 'hooks' })).toEqual([b, c]);
      expect(await trial.found({ type: 'backup.*' })).toEqual([a, b]);
      expect(await trial.found({ type: '*.done' })).toEqual([b]);
      expect(await trial.found({ rule: 'one', outcome: 'notified' })).toEqual([a]);
      expect(await trial.found({ rule: 'one', outcome: 'throttled' })).toEqual([]);
      expect(await trial.found({ key: 'k' })).toEqual([a]);
      expect(await trial.found({ outcome: 'no_match' })).toEqual([c]);
      expect(await trial.found({ text: 'no space' })).toEqual([a]);
      expect(await trial.found({ text: 'source' })).toEqual([]);
      expect(await trial.found({ event: a! })).toEqual([a]);
      expect(await trial.found({ event: 'chosen' })).toEqual(['chosen']);
      expect(await trial.found({ event: 'nobody' })).toEqual([]);
      expect(await trial.found({ since: NOW + 1, until: NOW + 2 * HOUR })).toEqual([b]);
      expect(await trial.found({}, 'desc')).toEqual([c, b, a]);
    });

    test('each condition on a delivery is found exactly, whether its event is stored beside it or in it', async () => {
      const [one, two, alone] = [
        event({ data: { host: 'alpha' } }),
        event({ source: 'hooks', data: { host: 'beta' } }),
        event({ source: 'alone', type: 'repeat', data: { host: 'gamma' } }),
      ];
      const made = [
        delivery(one),
        delivery(two, { channel: 'mail', rule: 'r', key: 'k' }),
        delivery(two, { channel: 'sms' }),
        delivery(alone),
      ];
      await trial.arrived(
        { event: one, deliveries: [{ delivery: made[0]! }] },
        {
          event: two,
          deliveries: [
            { delivery: made[1]!, state: 'dead', attempts: [FAILED], error: { ...ERROR, class: 'permanent' } },
            { delivery: made[2]!, state: 'retry', attempts: [FAILED] },
          ],
        },
      );
      trial.claimed = [await trial.deliver({ delivery: made[3]! })];
      const [a, b, c, d] = made.map(({ id }) => id);
      expect(await trial.foundDeliveries({ channel: 'mail' })).toEqual([b]);
      expect(await trial.foundDeliveries({ rule: 'r' })).toEqual([b]);
      expect(await trial.foundDeliveries({ key: 'k' })).toEqual([b]);
      expect(await trial.foundDeliveries({ states: ['pending'] })).toEqual([a, c]);
      expect(await trial.foundDeliveries({ states: ['pending'], held: ['sms'] })).toEqual([a]);
      expect(await trial.foundDeliveries({ states: ['held'], held: ['sms'] })).toEqual([c]);
      expect(await trial.foundDeliveries({ states: ['sending', 'dead'] })).toEqual([b, d]);
      expect(await trial.foundDeliveries({ class: 'permanent' })).toEqual([b]);
      expect(await trial.foundDeliveries({ code: FAILED.code })).toEqual([b, c]);
      expect(await trial.foundDeliveries({ source: 'alone' })).toEqual([d]);
      expect(await trial.foundDeliveries({ type: 'rep*' })).toEqual([d]);
      expect(await trial.foundDeliveries({ text: 'BETA' })).toEqual([b, c]);
      expect(await trial.foundDeliveries({ text: 'gamma' })).toEqual([d]);
      expect(await trial.foundDeliveries({ event: alone.id })).toEqual([d]);
      expect(await trial.foundDeliveries({ event: two.id })).toEqual([b, c]);
    });

    test('pages of any size return each match once and in order', async () => {
      const all = await trial.arrived(
        ...Array.from({ length: 40 }, (_, index) => ({
          event: event({ source: index % 3 === 0 ? 'third' : 'other' }),
          at: NOW + index,
          deliveries: [
            { delivery: delivery(event(), { createdAt: NOW + index, rule: index % 3 === 0 ? 'third' : 'other' }) },
          ],
        })),
      );
      for (const order of ['asc', 'desc'] as const)
        for (const filter of [{}, { source: 'third' }])
          for (const limit of [1, 3, 13, 14, 40]) {
            const seen: string[] = [];
            for (let cursor: string | undefined, pages = 0; ; pages += 1) {
              const page = await trial.events({ ...filter, limit, order, ...(cursor !== undefined && { cursor }) });
              expect(page.items.length).toBeLessThanOrEqual(limit);
              seen.push(...page.items);
              if (page.next === undefined || pages > 50) break;
              cursor = page.next;
            }
            const wanted = all.filter((_, index) => index % 3 === 0 || filter.source === undefined);
            expect(seen).toEqual(order === 'asc' ? wanted : wanted.toReversed());
          }
      expect(await trial.foundDeliveries({ rule: 'third' })).toHaveLength(14);
    });

    test('a step examines as many rows as it may, and the next one goes on after them', async () => {
      const ids = await trial.arrived(
        ...Array.from({ length: 10 }, () => ({ event: event({ data: { text: 'found' } }) })),
      );
      for (const order of ['asc', 'desc'] as const) {
        const seen: number[] = [];
        let from: number | undefined;
        do {
          const step = { table: 'events', filter: { text: 'nothing' }, order, rows: 3, limit: 5, claimed: [] } as const;
          const result = await search(trial.database, trial.s, { ...step, ...(from !== undefined && { from }) });
          expect(result.rows).toEqual([]);
          seen.push(result.examined);
          from = result.next;
        } while (from !== undefined);
        expect(seen).toEqual([3, 3, 3, 1]);
      }
      const step = {
        table: 'events',
        filter: { text: 'found' },
        order: 'asc',
        rows: 100,
        limit: 4,
        claimed: [],
      } as const;
      const { rows, next } = await search(trial.database, trial.s, step);
      expect([rows.length, next]).toEqual([4, rows[3]![0]]);
      expect((await search(trial.database, trial.s, { ...step, limit: 10, from: next! })).rows).toHaveLength(6);
      expect(ids).toHaveLength(10);
    });

    test('a page of large events ends early, and the next one goes on', async () => {
      const large = (text: string): { event: Event } => ({ event: event({ data: text + 'x'.repeat(900_000) }) });
      const [first] = await trial.arrived(large('first'), ...Array.from({ length: 39 }, () => large('')));
      const sizes: number[] = [];
      for (let cursor: string | undefined; ; ) {
        const { items, next } = await trial.events({
          order: 'asc',
          limit: 250,
          ...(cursor !== undefined && { cursor }),
        });
        sizes.push(items.length);
        if (next === undefined) break;
        cursor = next;
      }
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(40);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(11);
      const step = { table: 'events', order: 'desc', rows: 1000, limit: 250, claimed: [] } as const;
      expect((await search(trial.database, trial.s, { ...step, filter: {} })).rows.length).toBeLessThan(4);
      // The server does not examine all of them at once.
      expect((await search(trial.database, trial.s, { ...step, filter: { text: 'first' } })).rows).toEqual([]);
      expect(await trial.found({ text: 'first' }, 'desc')).toEqual([first]);
      expect(await trial.found({ text: 'xxx' }, 'desc')).toHaveLength(10);
    });
  });
}
