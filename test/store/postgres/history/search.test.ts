import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { search } from '../../../../daemon/store/postgres/history/search.ts';
import { searchableRun } from '../../../../daemon/store/postgres/history/searchable-run.ts';
import { deliveryMatcher, eventMatcher } from '../../../../daemon/store/shared/history/matches.ts';
import { pageOf } from '../../../../daemon/store/shared/history/pages.ts';
import { deliveryOfRow, eventOfRow } from '../../../../daemon/store/shared/rows.ts';
import type { HistoryFilter, HistoryQuery, Page } from '../../../../daemon/store/store.ts';
import { ATTEMPT, delivery, ERROR, event, FAILED, HOUR, NOW } from '../../contract/samples.ts';
import { hasPostgres, sharedPostgres } from '../../../support/postgres-server.ts';
import { type StoredArrival, Trial } from './trial.ts';

const postgres = sharedPostgres();

describe.skipIf(!hasPostgres())('search on PostgreSQL', () => {
  let trial: Trial;
  let claimed: number[];
  beforeEach(async () => {
    claimed = [];
    trial = new Trial(await postgres());
    await trial.open();
  });
  afterEach(() => trial.close());

  const events = (query: HistoryQuery): Promise<Page<string>> =>
    pageOf(
      'events',
      query,
      (step) => search(trial.database, trial.s, { ...step, claimed }),
      (row) => eventOfRow(row).event.id,
    );
  const deliveries = (query: HistoryQuery): Promise<Page<string>> =>
    pageOf(
      'deliveries',
      query,
      (step) => search(trial.database, trial.s, { ...step, claimed }),
      (row) => deliveryOfRow(row).stored.delivery.id,
    );
  const found = async (filter: HistoryFilter, order: 'asc' | 'desc' = 'asc'): Promise<readonly string[]> =>
    (await events({ limit: 1000, order, ...filter })).items;
  const foundDeliveries = async (filter: HistoryFilter): Promise<readonly string[]> =>
    (await deliveries({ limit: 1000, order: 'asc', ...filter })).items;
  async function arrived(...arrivals: readonly StoredArrival[]): Promise<string[]> {
    for (const one of arrivals) await trial.arrive(one);
    return arrivals.map((one) => one.event.id);
  }

  test('each condition on an event is found exactly', async () => {
    const [a, b, c] = await arrived(
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
    expect(await found({ source: 'hooks' })).toEqual([b, c]);
    expect(await found({ type: 'backup.*' })).toEqual([a, b]);
    expect(await found({ type: '*.done' })).toEqual([b]);
    expect(await found({ rule: 'one', outcome: 'notified' })).toEqual([a]);
    expect(await found({ rule: 'one', outcome: 'throttled' })).toEqual([]);
    expect(await found({ key: 'k' })).toEqual([a]);
    expect(await found({ outcome: 'no_match' })).toEqual([c]);
    expect(await found({ text: 'no space' })).toEqual([a]);
    expect(await found({ text: 'source' })).toEqual([]);
    expect(await found({ event: a! })).toEqual([a]);
    expect(await found({ event: 'chosen' })).toEqual(['chosen']);
    expect(await found({ event: 'nobody' })).toEqual([]);
    expect(await found({ since: NOW + 1, until: NOW + 2 * HOUR })).toEqual([b]);
    expect(await found({}, 'desc')).toEqual([c, b, a]);
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
    await arrived(
      { event: one, deliveries: [{ delivery: made[0]! }] },
      {
        event: two,
        deliveries: [
          { delivery: made[1]!, state: 'dead', attempts: [FAILED], error: { ...ERROR, class: 'permanent' } },
          { delivery: made[2]!, state: 'retry', attempts: [FAILED] },
        ],
      },
    );
    claimed = [await trial.deliver({ delivery: made[3]! })];
    const [a, b, c, d] = made.map(({ id }) => id);
    expect(await foundDeliveries({ channel: 'mail' })).toEqual([b]);
    expect(await foundDeliveries({ rule: 'r' })).toEqual([b]);
    expect(await foundDeliveries({ key: 'k' })).toEqual([b]);
    expect(await foundDeliveries({ states: ['pending'] })).toEqual([a, c]);
    expect(await foundDeliveries({ states: ['pending'], held: ['sms'] })).toEqual([a]);
    expect(await foundDeliveries({ states: ['held'], held: ['sms'] })).toEqual([c]);
    expect(await foundDeliveries({ states: ['sending', 'dead'] })).toEqual([b, d]);
    expect(await foundDeliveries({ class: 'permanent' })).toEqual([b]);
    expect(await foundDeliveries({ code: FAILED.code })).toEqual([b, c]);
    expect(await foundDeliveries({ source: 'alone' })).toEqual([d]);
    expect(await foundDeliveries({ type: 'rep*' })).toEqual([d]);
    expect(await foundDeliveries({ text: 'BETA' })).toEqual([b, c]);
    expect(await foundDeliveries({ text: 'gamma' })).toEqual([d]);
    expect(await foundDeliveries({ event: alone.id })).toEqual([d]);
    expect(await foundDeliveries({ event: two.id })).toEqual([b, c]);
  });

  test('ids and texts of any content are found', async () => {
    const odd = event({
      id: 'odd \ud800 "id" \ue000',
      source: 'a\\"b',
      type: 'x\0y',
      data: { text: "nul \0, \udfff, o'clock, line\nbreak, \ue000d800, \\u0000" },
    });
    const of = delivery(odd, { id: 'd \ud800', rule: "r'\\", key: '%\0' });
    await arrived(
      {
        event: odd,
        mayRepeat: true,
        results: [{ rule: "r'\\", outcome: 'notified', key: '%\0' }],
        deliveries: [{ delivery: of }],
      },
      { event: event() },
    );
    for (const filter of [
      { source: 'a\\"b' },
      { type: 'x\0y' },
      { type: 'x\0*' },
      { text: 'NUL \0' },
      { text: '\udfff' },
      { text: '\ue000D800' },
      { text: '\\u0000' },
      { text: "o'clock" },
      { text: 'line\nbreak' },
      { rule: "r'\\" },
      { key: '%\0' },
      { event: odd.id },
    ]) {
      expect([filter, await found(filter)]).toEqual([filter, [odd.id]]);
      expect([filter, await foundDeliveries(filter)]).toEqual([filter, [of.id]]);
    }
    const [row] = (
      await search(trial.database, trial.s, {
        table: 'events',
        filter: { event: odd.id },
        order: 'asc',
        rows: 10,
        limit: 10,
        claimed,
      })
    ).rows;
    expect(eventOfRow(row!).deliveryIds).toEqual([of.id]);
  });

  test('a text is found in upper and lower case of every alphabet', async () => {
    const texts = ['GRÖSSE', 'größe', '\u212aelvin', 'kelvin', '\u0130stanbul', 'istanbul', '文字列', 'ΣΊΣΥΦΟΣ', 'ÀÉ'];
    await arrived(...texts.map((text) => ({ event: event({ data: { text } }) })));
    const rows = (
      await search(trial.database, trial.s, {
        table: 'events',
        filter: {},
        order: 'asc',
        rows: 100,
        limit: 100,
        claimed,
      })
    ).rows;
    for (const text of [
      ...texts,
      ...texts.map((one) => one.toLowerCase()),
      'stanbul',
      'elvin',
      'ö',
      '字',
      'i\u0307st',
    ]) {
      const wanted = rows.filter(eventMatcher({ text })).map((row) => eventOfRow(row).event.id);
      expect(wanted.length).toBeGreaterThan(0);
      expect([text, await found({ text })]).toEqual([text, wanted]);
    }
  });

  test('a text that the server looks for is part of every document that contains the text, in any case', () => {
    const letters = fc.constantFrom(
      'a',
      'K',
      '\u212a',
      '\u0130',
      'i',
      '\u0307',
      'ß',
      'Σ',
      'ς',
      '"',
      '\\',
      '\n',
      '\0',
      '\ud800',
      '\ue000',
      '文',
      '😀',
      'É',
    );
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 12 }), fc.nat(12), fc.nat(12), (all, from, length) => {
        const text = all.slice(from, from + length).join('');
        const body = JSON.stringify({ text: all.join('') });
        if (!body.toLowerCase().includes(JSON.stringify(text.toLowerCase()).slice(1, -1))) return;
        const run = searchableRun(text);
        const lowered = body.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
        expect(
          lowered.includes(run) ||
            (run.includes('k') && body.includes('\u212a')) ||
            (run.includes('i') && body.includes('\u0130')),
        ).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });

  test('pages of any size return each match once and in order', async () => {
    const all = await arrived(
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
            const page = await events({ ...filter, limit, order, ...(cursor !== undefined && { cursor }) });
            expect(page.items.length).toBeLessThanOrEqual(limit);
            seen.push(...page.items);
            if (page.next === undefined || pages > 50) break;
            cursor = page.next;
          }
          const wanted = all.filter((_, index) => index % 3 === 0 || filter.source === undefined);
          expect(seen).toEqual(order === 'asc' ? wanted : wanted.toReversed());
        }
    expect(await foundDeliveries({ rule: 'third' })).toHaveLength(14);
  });

  test('a page of large events ends early, and the next one goes on', async () => {
    await arrived(...Array.from({ length: 20 }, () => ({ event: event({ data: 'x'.repeat(900_000) }) })));
    const sizes: number[] = [];
    for (let cursor: string | undefined; ; ) {
      const { items, next } = await events({ order: 'asc', limit: 250, ...(cursor !== undefined && { cursor }) });
      sizes.push(items.length);
      if (next === undefined) break;
      cursor = next;
    }
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(20);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(11);
    const step = { table: 'events', order: 'desc', rows: 1000, limit: 250, claimed } as const;
    expect((await search(trial.database, trial.s, { ...step, filter: {} })).rows.length).toBeLessThan(4);
    // 20 events are less than the server examines at once.
    expect((await search(trial.database, trial.s, { ...step, filter: { text: 'nothing' } })).rows).toEqual([]);
    expect(await found({ text: 'xxx' }, 'desc')).toHaveLength(10);
  });

  test('random filters return what a comparison of every row returns', async () => {
    const arrival = fc.record({
      source: fc.constantFrom('api', 'inbox', 'odd "\ud800'),
      type: fc.constantFrom('backup.done', 'backup.failed', 'deploy'),
      results: fc.array(
        fc.record({
          rule: fc.constantFrom('one', 'two'),
          outcome: fc.constantFrom('notified', 'throttled'),
          key: fc.constantFrom('k1', 'key \0'),
        }),
        { maxLength: 2 },
      ),
      states: fc.array(fc.constantFrom('pending', 'retry', 'sending', 'delivered', 'dead', 'cancelled'), {
        maxLength: 2,
      }),
      text: fc.constantFrom('number 1', 'Number 2', 'Straße'),
    });
    const filter = fc.record(
      {
        source: fc.constantFrom('api', 'odd "\ud800'),
        type: fc.constantFrom('backup.*', 'deploy', '*'),
        rule: fc.constantFrom('one', 'two'),
        outcome: fc.constantFrom('notified', 'no_match'),
        key: fc.constantFrom('k1', 'key \0'),
        channel: fc.constantFrom('ops', 'mail'),
        states: fc.subarray(['pending', 'sending', 'held', 'delivered', 'dead', 'cancelled'], { minLength: 1 }),
        held: fc.constantFrom(['mail']),
        code: fc.constantFrom(FAILED.code, ERROR.code),
        since: fc.nat(60).map((ms) => NOW + ms),
        until: fc.nat(60).map((ms) => NOW + ms),
        text: fc.constantFrom('number', 'NUMBER 2', 'strasse', 'SSE'),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<HistoryFilter>;
    const arrivals = fc.sample(arrival, { numRuns: 60, seed: 1 });
    for (const [index, { source, type, results, states, text }] of arrivals.entries()) {
      const one = event({ source, type, data: { text } });
      const rows = states.map((state, nth) => ({
        delivery: delivery(one, {
          createdAt: NOW + index,
          channel: nth === 0 ? 'ops' : 'mail',
          rule: results[0]?.rule ?? 'two',
          key: 'k1',
        }),
        state: state as 'pending',
        attempts: state === 'delivered' ? [ATTEMPT] : [FAILED],
        ...(state === 'dead' && { error: { ...ERROR, class: 'permanent' } }),
      }));
      await trial.arrive({ event: one, at: NOW + index, results: results as [], deliveries: rows });
    }
    const step = { filter: {}, order: 'asc', rows: 500, limit: 500 } as const;
    const pending = await trial.sql('SELECT seq FROM S.deliveries WHERE state < 2 ORDER BY seq LIMIT 5');
    claimed = pending.map(([seq]) => Number(seq));
    const everyEvent = (await search(trial.database, trial.s, { ...step, table: 'events', claimed })).rows;
    const everyDelivery = (await search(trial.database, trial.s, { ...step, table: 'deliveries', claimed })).rows;
    expect(everyEvent).toHaveLength(60);
    for (const one of fc.sample(filter, { numRuns: 250, seed: 2 })) {
      const { outcome: _, ...ofDelivery } = one;
      expect([one, await found(one)]).toEqual([
        one,
        everyEvent.filter(eventMatcher(one)).map((row) => eventOfRow(row).event.id),
      ]);
      expect([ofDelivery, await foundDeliveries(ofDelivery)]).toEqual([
        ofDelivery,
        everyDelivery
          .filter(deliveryMatcher(ofDelivery, new Set(claimed)))
          .map((row) => deliveryOfRow(row).stored.delivery.id),
      ]);
    }
  });
});
