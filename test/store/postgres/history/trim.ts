import pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { trim } from '../../../../daemon/store/postgres/history/trim.ts';
import { usedBytes } from '../../../../daemon/store/postgres/history/used-bytes.ts';
import { audit } from '../../../../daemon/store/postgres/history/audit.ts';
import { newId } from '../../../../daemon/lib/id.ts';
import { delivery, event, HOUR, NOW } from '../../contract/samples.ts';
import type { PostgresServer } from '../../../support/postgres-server.ts';
import { type StoredArrival, type StoredRow, Trial } from './trial.ts';

/** Tests of the deletion of old events. */
export function trimsOnPostgres(postgres: () => Promise<PostgresServer>): void {
  describe('trim on PostgreSQL', () => {
    let trial: Trial;
    beforeEach(async () => {
      trial = new Trial(await postgres());
      await trial.open();
    });
    afterEach(() => trial.close());

    const everything = { before: NOW + HOUR, bytes: Number.MAX_SAFE_INTEGER };
    const run = async (limits: { before: number; bytes: number }): Promise<number> =>
      (await trim(trial.database, trial.s, limits)).deleted;
    const count = async (table: string): Promise<number> =>
      Number((await trial.sql(`SELECT count(*) FROM S.${table}`))[0]![0]);
    const violations = async (...dead: string[]): Promise<readonly string[]> =>
      (await audit(trial.database, trial.s, new Set(dead))).violations;
    function arrival(states: readonly StoredRow['state'][] = [], extra: Partial<StoredArrival> = {}): StoredArrival {
      const one = event();
      return { event: one, deliveries: states.map((state) => ({ delivery: delivery(one), state: state! })), ...extra };
    }

    const many = (number: number, make: (index: number) => StoredArrival): Promise<unknown> =>
      Promise.all(Array.from({ length: number }, (_, index) => trial.arrive(make(index))));

    test('old events go with all that is stored beside them, newer ones stay', async () => {
      const odd = event({ id: `chosen \ud800 \ue000 ${'x'.repeat(500)}` });
      await trial.arrive({
        event: odd,
        mayRepeat: true,
        deliveries: [{ delivery: delivery(odd, { id: 'odd \0 \ue000' }), state: 'delivered' }],
      });
      await trial.arrive(arrival(['delivered', 'cancelled']));
      await trial.arrive(arrival(['delivered'], { at: NOW + 2 * HOUR }));
      await trial.sql(`INSERT INTO S.exchanges SELECT seq, '{}' FROM S.deliveries`);
      expect(await run({ ...everything, before: NOW })).toBe(0);
      expect(await run(everything)).toBe(2);
      for (const table of ['events', 'deliveries', 'exchanges'])
        expect([table, await count(table)]).toEqual([table, 1]);
      for (const table of ['names', 'delivery_names']) expect([table, await count(table)]).toEqual([table, 0]);
      expect(await violations()).toEqual([]);
    });

    test('an event stays while one of its deliveries has not ended or is dead', async () => {
      const dead = arrival(['delivered', 'dead']);
      await trial.arrive(dead);
      await trial.arrive(arrival(['delivered', 'sending']));
      await trial.arrive(arrival(['retry']));
      expect(await run({ before: NOW + HOUR, bytes: 0 })).toBe(0);
      expect([await count('events'), await count('deliveries')]).toEqual([3, 5]);
      expect(await violations(dead.deliveries![1]!.delivery.id)).toEqual([]);
    });

    test('the oldest events go until the rest takes less than the limit, in several transactions', async () => {
      const body = 'x'.repeat(4000);
      await many(500, (index) => arrival(['delivered'], { event: event({ data: body + index }) }));
      const limit = (await usedBytes(trial.database, trial.s)) / 2;
      const { deleted, bytes } = await trim(trial.database, trial.s, { before: 0, bytes: limit });
      expect(bytes).toBe(await usedBytes(trial.database, trial.s));
      expect(deleted).toBeGreaterThan(225);
      expect(deleted).toBeLessThan(275);
      expect(await usedBytes(trial.database, trial.s)).toBeLessThanOrEqual(limit);
      expect(await run({ before: 0, bytes: limit })).toBe(0);
      const [oldest] = await trial.sql(
        'SELECT min(seq) = (SELECT min(event) FROM S.deliveries), count(*) FROM S.events',
      );
      expect(oldest).toEqual([true, 500 - deleted]);
      expect(await violations()).toEqual([]);
      expect(await run({ before: 0, bytes: 0 })).toBe(500 - deleted);
      expect(await usedBytes(trial.database, trial.s)).toBe(0);
    });

    test('old deliveries without an event go when they have ended', async () => {
      const [ended, open, dead, late] = ['delivered', 'pending', 'dead', 'cancelled'].map((state, index) => ({
        delivery: delivery(event(), { id: newId(NOW + (index === 3 ? 2 * HOUR : 0)) }),
        state: state as 'dead',
      }));
      for (const row of [ended!, open!, dead!, late!]) await trial.deliver(row);
      expect(await run(everything)).toBe(0);
      const left = await trial.sql('SELECT state FROM S.deliveries ORDER BY seq');
      expect(left.map(([state]) => state)).toEqual([0, 4, 5]);
      expect(await violations(dead!.delivery.id)).toEqual([]);
    });

    test('old Idempotency-Keys, last uses and hours go', async () => {
      await trial.sql(
        `INSERT INTO S.requests SELECT 'key ' || i, '', '[]', $1::bigint + i FROM generate_series(-1500, 0) i`,
        NOW,
      );
      const year = 365 * 24 * HOUR;
      await trial.sql(`INSERT INTO S.last_uses VALUES (0, 'old', $1), (0, 'new', $2)`, NOW - year - 1, NOW - year);
      await trial.sql(
        `INSERT INTO S.rule_hours SELECT $1::bigint - i * ${HOUR}, 'a', 'notified', 1 FROM generate_series(0, 60) i`,
        NOW,
      );
      await run({ before: NOW, bytes: Number.MAX_SAFE_INTEGER });
      expect(await trial.sql('SELECT key FROM S.requests')).toEqual([['key 0']]);
      expect(await trial.sql('SELECT name FROM S.last_uses')).toEqual([['new']]);
      expect(await trial.sql('SELECT count(*), min(hour) FROM S.rule_hours')).toEqual([[49, NOW - 48 * HOUR]]);
    });

    test('instances that trim at once delete each event once', async () => {
      await many(450, () => arrival(['delivered']));
      const deleted = await Promise.all(Array.from({ length: 4 }, () => run(everything)));
      const rest = await run(everything);
      expect(deleted.reduce((sum, one) => sum + one, rest)).toBe(450);
      expect([await count('events'), await count('deliveries')]).toEqual([0, 0]);
      expect(await violations()).toEqual([]);
    });

    test('an event stays that gets a delivery after it was chosen', async () => {
      const seq = await trial.arrive(arrival(['delivered', 'pending']));
      const call = `SELECT S.trim_events(ARRAY[$1::bigint], '{NULL}', '{NULL}', '{}')`;
      expect(await trial.sql(call, seq)).toEqual([[0]]);
      expect([await count('events'), await count('deliveries')]).toEqual([1, 2]);
      await trial.sql('UPDATE S.deliveries SET state = 5 WHERE state = 0');
      expect(await trial.sql(call, seq)).toEqual([[1]]);
      expect([await count('events'), await count('deliveries')]).toEqual([0, 0]);
    });

    test('an event that another transaction changes now stays, and nobody waits', async () => {
      const seq = await trial.arrive(arrival(['delivered']));
      await trial.arrive(arrival());
      const other = new pg.Client(trial.url);
      await other.connect();
      try {
        await other.query(`BEGIN; UPDATE ${trial.s}.events SET outcomes = '[]' WHERE seq = ${seq}`);
        expect(await run(everything)).toBe(1);
        await other.query('COMMIT');
        expect(await run(everything)).toBe(1);
      } finally {
        await other.end();
      }
    });
  });

  describe('measuring the rows', () => {
    test('a large table is measured by a part of its pages', async () => {
      const trial = new Trial(await postgres());
      await trial.open();
      try {
        await trial.sql(
          `INSERT INTO S.events SELECT i, 0, '{"id":"' || repeat(md5(i::text), 10) || '"}', '[]', 'no_match', '[]' FROM generate_series(1, 60000) i`,
        );
        // A row has 328 + 1 characters in its body, and 4 + 3 + 9 + 3 in the others with their headers.
        const whole =
          await trial.sql(`SELECT sum(pg_column_size(body) + pg_column_size(outcomes) + pg_column_size(summary)
        + pg_column_size(deliveries) + 70) FROM S.events`);
        const share = (await usedBytes(trial.database, trial.s)) / Number(whole[0]![0]);
        expect(share).toBeGreaterThan(0.8);
        expect(share).toBeLessThan(1.2);
      } finally {
        await trial.close();
      }
    });
  });
}
