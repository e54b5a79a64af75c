import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RuleResult } from '../../../../daemon/core/flow/decision.ts';
import {
  type ActivityRecords,
  ActivityWriter,
  readActivity,
} from '../../../../daemon/store/postgres/history/activity.ts';
import type { Database } from '../../../../daemon/store/postgres/engine/database.ts';
import { toStoredJson } from '../../../../daemon/store/postgres/engine/stored-text.ts';
import { activityOf } from '../../../../daemon/store/shared/history/activity.ts';
import { USE } from '../../../../daemon/store/shared/stored-states.ts';
import type { Activity } from '../../../../daemon/store/store.ts';
import { HOUR, NOW } from '../../contract/samples.ts';
import type { PostgresServer } from '../../../support/postgres-server.ts';
import { Trial } from './trial.ts';

/** Tests of the counts of rules, channels and silences. */
export function countsActivityOnPostgres(postgres: () => Promise<PostgresServer>): void {
  describe('activity on PostgreSQL', () => {
    let trial: Trial;
    let writer: ActivityWriter;
    beforeEach(async () => {
      trial = new Trial(await postgres());
      writer = new ActivityWriter();
      await trial.open();
    });
    afterEach(() => trial.close());

    const read = async (since = NOW - 48 * HOUR, of = writer): Promise<Activity> =>
      activityOf(await readActivity(trial.database, trial.s, since, of), since, new Map());
    const commit = (records: ActivityRecords): Promise<unknown> =>
      trial.write('SELECT S.write_others($1)', toStoredJson(JSON.stringify(records)));
    const result = (extra: Partial<RuleResult> = {}): RuleResult => ({ rule: 'a', outcome: 'notified', ...extra });

    test('what is written and what is not are one', async () => {
      writer.addEvent([result(), result({ rule: 'odd \0', outcome: 'silenced', silence: 'night \ud800\ue000' })], NOW);
      await writer.write(commit);
      expect(writer.isEmpty).toBe(true);
      writer.addEvent([result({ outcome: 'throttled' }), result({ rule: 'none', outcome: 'no_match' })], NOW + 1);
      writer.addLater({ ...result(), at: new Date(NOW + HOUR).toISOString() });
      writer.addUse(USE.delivered, 'ops', NOW + 7);
      const { rules, delivered, silenced } = await read();
      expect(rules.get('a')).toEqual({
        lastMatch: NOW + 1,
        lastNotified: NOW + HOUR,
        hours: [
          { at: NOW, outcomes: { notified: 1, throttled: 1 } },
          { at: NOW + HOUR, outcomes: { notified: 1 } },
        ],
      });
      expect(new Set(rules.keys())).toEqual(new Set(['a', 'odd \0']));
      expect(delivered).toEqual(new Map([['ops', NOW + 7]]));
      expect(silenced).toEqual(new Map([['night \ud800\ue000', NOW]]));
      expect((await read(NOW + HOUR)).rules.get('a')?.hours).toEqual([{ at: NOW + HOUR, outcomes: { notified: 1 } }]);
    });

    test('instances add to each other, and a last use never goes back', async () => {
      const other = new ActivityWriter();
      writer.addEvent([result()], NOW + 5);
      other.addEvent([result()], NOW + 3);
      await writer.write(commit);
      await other.write(commit);
      const activity = await read();
      expect(activity.rules.get('a')).toEqual({
        lastMatch: NOW + 5,
        lastNotified: NOW + 5,
        hours: [{ at: NOW, outcomes: { notified: 2 } }],
      });
      expect(await read(NOW - HOUR, other)).toEqual(activity);
    });

    test('a failed transaction loses no count', async () => {
      writer.addEvent([result()], NOW);
      await expect(writer.write(() => Promise.reject(new Error('away')))).rejects.toThrow('away');
      writer.addEvent([result()], NOW);
      await writer.write(commit);
      expect((await read()).rules.get('a')?.hours).toEqual([{ at: NOW, outcomes: { notified: 2 } }]);
    });

    test('a count is not left out that is stored while it is read', async () => {
      const steps = new EventEmitter();
      const [begun, answered] = [once(steps, 'begun'), once(steps, 'answered')];
      writer.addEvent([result()], NOW);
      const writing = writer.write(async (records) => {
        steps.emit('begun');
        await answered;
        await commit(records);
      });
      await begun;
      // The transaction ends between the answer of the server and its use.
      const rows: Database['rows'] = async (...query) => {
        const found = await trial.database.rows(...query);
        steps.emit('answered');
        await writing;
        return found;
      };
      const { hours } = await readActivity({ rows }, trial.s, NOW, writer);
      expect(hours).toEqual([[NOW, 'a', 'notified', 1]]);
    });

    test('a count is never read twice or left out while transactions store it', async () => {
      let added = 0;
      const stopped = new AbortController();
      const writes = (async () => {
        for (; !stopped.signal.aborted; added += 1) {
          writer.addEvent([result()], NOW);
          await writer.write(commit);
          // Time for a read in which nothing is written.
          if (added % 5 === 0) await read();
        }
      })();
      try {
        for (let index = 0; index < 20; index += 1) {
          const before = added;
          const hours = (await read()).rules.get('a')?.hours ?? [];
          const counted = hours.reduce((sum, { outcomes }) => sum + (outcomes['notified'] ?? 0), 0);
          expect(counted).toBeGreaterThanOrEqual(before);
          expect(counted).toBeLessThanOrEqual(added + 1);
        }
      } finally {
        stopped.abort();
        await writes;
      }
    });
  });
}
