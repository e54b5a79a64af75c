import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { audit } from '../../../../daemon/store/postgres/history/audit.ts';
import { trim } from '../../../../daemon/store/postgres/history/trim.ts';
import type { Audit } from '../../../../daemon/store/store.ts';
import { delivery, ERROR, event, HOUR, NOW } from '../../contract/samples.ts';
import type { PostgresServer } from '../../../support/postgres-server.ts';
import { type StoredRow, Trial } from './trial.ts';

/** Tests of the audit. */
export function auditsOnPostgres(postgres: () => Promise<PostgresServer>): void {
  describe('audit on PostgreSQL', () => {
    let trial: Trial;
    beforeEach(async () => {
      trial = new Trial(await postgres());
      await trial.open();
    });
    afterEach(() => trial.close());

    const run = (...dead: string[]): Promise<Audit> => audit(trial.database, trial.s, new Set(dead));
    const violations = async (...dead: string[]): Promise<readonly string[]> => (await run(...dead)).violations;
    /** Stores one event with a delivery in each of the states; returns the ids of the deliveries. */
    async function arrived(...states: StoredRow['state'][]): Promise<string[]> {
      const one = event();
      const deliveries = states.map((state) => ({
        delivery: delivery(one),
        state: state!,
        ...(state === 'dead' && { error: ERROR }),
      }));
      await trial.arrive({ event: one, results: [{ rule: 'r', outcome: 'notified' }], deliveries });
      return deliveries.map((row) => row.delivery.id);
    }

    test('an empty store is sound', async () => {
      expect(await run()).toEqual({ events: {}, deliveries: {}, violations: [] });
    });

    test('events are counted by outcome and deliveries by state', async () => {
      const [, , dead] = await arrived('pending', 'retry', 'dead', 'delivered', 'sending', 'cancelled');
      await trial.arrive({ event: event() });
      expect(await run(dead!)).toEqual({
        events: { notified: 1, no_match: 1 },
        deliveries: { pending: 2, sending: 1, delivered: 1, dead: 1, cancelled: 1 },
        violations: [],
      });
    });

    test('dead deliveries and dead letters are compared both ways, whatever their ids are', async () => {
      const odd = delivery(event(), { id: 'odd "\ud800\0\ue000' });
      const [pending, delivered] = await arrived('pending', 'delivered');
      await trial.deliver({ delivery: odd, state: 'dead' });
      expect(await violations()).toEqual([`${odd.id} is dead, but not in the dead-letter file`]);
      expect(await violations(odd.id, pending!, delivered!, 'edited-by-hand')).toEqual([
        `${delivered!} is delivered, but in the dead-letter file`,
        `${pending!} has not ended, but is in the dead-letter file`,
      ]);
      expect(await violations(odd.id, 'odd "')).toEqual([]);
    });

    test('each contradiction is named', async () => {
      const seqOf = async (id: string): Promise<number> =>
        Number((await trial.sql(`SELECT seq FROM S.deliveries WHERE strpos(body, $1) > 0`, id))[0]![0]);
      const [lost, foreign, proofless, broken, unknown] = (
        await Promise.all(
          ['pending', 'pending', 'delivered', 'cancelled', 'cancelled'].map((state) => arrived(state as 'dead')),
        )
      ).flat();
      const whole = delivery(event());
      await trial.deliver({ delivery: whole });
      const alone = delivery(event());
      await trial.deliver({ delivery: alone, owner: 99 });
      expect(await violations()).toEqual([`${alone.id} has not ended, but belongs to no instance`]);

      const [brokenSeq, unknownSeq] = [await seqOf(broken!), await seqOf(unknown!)];
      await trial.sql(
        'DELETE FROM S.events WHERE seq = (SELECT event FROM S.deliveries WHERE seq = $1)',
        await seqOf(lost!),
      );
      await trial.sql(
        `UPDATE S.events SET deliveries = '[4]' WHERE seq = (SELECT event FROM S.deliveries WHERE seq = $1)`,
        await seqOf(foreign!),
      );
      await trial.sql('UPDATE S.deliveries SET receipt = NULL WHERE seq = $1', await seqOf(proofless!));
      await trial.sql(`UPDATE S.deliveries SET attempts = '[' WHERE seq = $1`, brokenSeq);
      await trial.sql(`UPDATE S.deliveries SET state = 9 WHERE seq = $1`, unknownSeq);
      await trial.sql(`INSERT INTO S.delivery_names VALUES ('nothing', 5)`);
      await trial.sql(`INSERT INTO S.states VALUES ('rule', 'step', 'key', '{', 0, NULL, 1)`);
      const [[event_] = []] = await trial.sql(`SELECT body FROM S.events WHERE deliveries = '[4]'`);
      const { violations: found, deliveries } = await run();
      expect(deliveries['unknown state 9']).toBe(1);
      expect(found).toEqual([
        `${lost!} has not ended, but its event is missing`,
        `${(JSON.parse(String(event_)) as { id: string }).id} is an event that names a missing delivery`,
        `${foreign!} is a delivery that its event does not name`,
        ...[brokenSeq, unknownSeq]
          .toSorted((a, b) => a - b)
          .map((seq) => `${seq} is a delivery row that cannot be read`),
        'rule/key/step is a rule state that cannot be read',
        `${proofless!} is delivered, but has no receipt`,
        'nothing is the name of a missing delivery',
        `${alone.id} has not ended, but belongs to no instance`,
        '5 events that were notified were counted, but 4 are stored or were forgotten',
        '2 cancelled deliveries were counted, but 1 are stored or were forgotten',
      ]);
    });

    test('many contradictions of one kind are counted', async () => {
      await Promise.all(Array.from({ length: 30 }, () => trial.deliver({ delivery: delivery(event()), owner: 99 })));
      const found = await violations();
      expect(found).toHaveLength(21);
      expect(found[20]).toBe('10 more: has not ended, but belongs to no instance');
    });

    test('a count that no row has is a contradiction', async () => {
      await arrived('delivered');
      await trial.count({ delivered: 1, 'event:error': 2 });
      expect(await violations()).toEqual([
        '2 events that were error were counted, but 0 are stored or were forgotten',
        '2 delivered deliveries were counted, but 1 are stored or were forgotten',
      ]);
    });

    test('a cluster at work shows no contradiction', async () => {
      const { s } = trial;
      const stopped = new AbortController();
      let number = 1000;
      const work = async (): Promise<void> => {
        while (!stopped.signal.aborted) {
          number += 1;
          const of = event();
          const made = delivery(of);
          await trial.sql(
            `WITH c AS (INSERT INTO S.commits VALUES (1, $1, now(), '{}', NULL, $2)),
            e AS (INSERT INTO S.events VALUES ($1, $3, $4, '[]', 'no_match', '[' || $1 || ']'))
            INSERT INTO S.deliveries VALUES ($1, 1, $1, 'ops', 3, 0, NULL, 0, 0, $5, '[]', '{}', NULL)`,
            number,
            JSON.stringify({ 'event:no_match': 1, owed: 1, delivered: 1 }),
            NOW,
            JSON.stringify(of),
            JSON.stringify({ ...made, event: undefined }),
          );
        }
      };
      const fold = async (): Promise<void> => {
        while (!stopped.signal.aborted)
          await trial.sql(`WITH gone AS (DELETE FROM S.commits RETURNING counts)
          INSERT INTO S.totals AS t SELECT key, sum(value::bigint) FROM gone, json_each_text(counts::json) GROUP BY key
            ON CONFLICT (name) DO UPDATE SET count = t.count + excluded.count`);
      };
      const forget = async (): Promise<void> => {
        while (!stopped.signal.aborted) await trim(trial.database, s, { before: NOW + HOUR, bytes: 0 });
      };
      const all = Promise.all([work(), work(), fold(), forget()]);
      try {
        for (let index = 0; index < 30; index += 1) expect(await violations()).toEqual([]);
      } finally {
        stopped.abort();
        await all;
      }
      expect(await violations()).toEqual([]);
      expect(number).toBeGreaterThan(1010);
    });
  });
}
