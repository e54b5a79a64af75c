import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { searchableRun } from '../../../../daemon/store/postgres/history/searchable-run.ts';
import { deliveryMatcher, eventMatcher } from '../../../../daemon/store/shared/history/matches.ts';
import { deliveryOfRow, eventOfRow } from '../../../../daemon/store/shared/rows.ts';
import type { HistoryFilter } from '../../../../daemon/store/store.ts';
import { ATTEMPT, delivery, ERROR, event, FAILED, NOW } from '../../contract/samples.ts';
import type { PostgresServer } from '../../../support/postgres-server.ts';
import { Trial } from './trial.ts';

/** Tests of the search against a comparison of every row, with texts of any content. */
export function searchesExactlyOnPostgres(postgres: () => Promise<PostgresServer>): void {
  describe('exact search on PostgreSQL', () => {
    let trial: Trial;
    beforeEach(async () => {
      trial = new Trial(await postgres());
      await trial.open();
    });
    afterEach(() => trial.close());

    test('ids and texts of any content are found', async () => {
      const odd = event({
        id: 'odd \ud800 "id" \ue000',
        source: 'a\\"b',
        type: 'x\0y',
        data: { text: "nul \0, \udfff, o'clock, line\nbreak, \ue000d800, \\u0000" },
      });
      const of = delivery(odd, { id: 'd \ud800', rule: "r'\\", key: '%\0' });
      await trial.arrived(
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
        expect([filter, await trial.found(filter)]).toEqual([filter, [odd.id]]);
        expect([filter, await trial.foundDeliveries(filter)]).toEqual([filter, [of.id]]);
      }
      const [row] = await trial.rows('events', { event: odd.id });
      expect(eventOfRow(row!).deliveryIds).toEqual([of.id]);
    });

    test('a text is found in upper and lower case of every alphabet', async () => {
      const texts = [
        'GRÖSSE',
        'größe',
        '\u212aelvin',
        'kelvin',
        '\u0130stanbul',
        'istanbul',
        '文字列',
        'ΣΊΣΥΦΟΣ',
        'ÀÉ',
      ];
      await trial.arrived(...texts.map((text) => ({ event: event({ data: { text } }) })));
      const rows = await trial.rows('events');
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
        expect([text, await trial.found({ text })]).toEqual([text, wanted]);
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
        await trial.arrive({ event: one, at: NOW + index, results, deliveries: rows });
      }
      const pending = await trial.sql('SELECT seq FROM S.deliveries WHERE state < 2 ORDER BY seq LIMIT 5');
      trial.claimed = pending.map(([seq]) => Number(seq));
      const everyEvent = await trial.rows('events');
      const everyDelivery = await trial.rows('deliveries');
      expect(everyEvent).toHaveLength(60);
      for (const one of fc.sample(filter, { numRuns: 250, seed: 2 })) {
        const { outcome: _, ...ofDelivery } = one;
        expect([one, await trial.found(one)]).toEqual([
          one,
          everyEvent.filter(eventMatcher(one)).map((row) => eventOfRow(row).event.id),
        ]);
        expect([ofDelivery, await trial.foundDeliveries(ofDelivery)]).toEqual([
          ofDelivery,
          everyDelivery
            .filter(deliveryMatcher(ofDelivery, new Set(trial.claimed)))
            .map((row) => deliveryOfRow(row).stored.delivery.id),
        ]);
      }
    });
  });
}
