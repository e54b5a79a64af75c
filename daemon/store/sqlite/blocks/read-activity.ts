import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import type { Connection } from '../engine/connection.ts';
import { fromColumn } from '../../shared/keys.ts';
import { STATE } from '../../shared/stored-states.ts';
import { hourOf, type StoredActivity } from '../../shared/history/activity-counts.ts';
import { RowActivity } from './activity-counts.ts';
import { indexedUntil } from './build.ts';

/** Rows outside of blocks that are read: there are more only while the history of an earlier version is being indexed. */
const MAX_NEWER_ROWS = 20_000;

/** Adds what was counted with the blocks to the rows that are not in a block yet. */
export function readActivity(db: Connection, since: number): StoredActivity {
  const counts = new RowActivity();
  const hours = db.statement('SELECT hour, rule, outcome, count FROM rule_hours WHERE hour >= ?').all([hourOf(since)]);
  const newer = 'seq > ? ORDER BY seq DESC LIMIT ?';
  const events = db.statement(`SELECT at, outcomes FROM events WHERE ${newer}`);
  for (const [at, outcomes] of events.all([indexedUntil(db, 'events'), MAX_NEWER_ROWS]) as [number, string][])
    if (outcomes !== '[]') counts.addResults(JSON.parse(outcomes) as (RuleResult | LaterResult)[], at);
  const delivered = db.statement(`SELECT channel, seq FROM deliveries WHERE state = ${STATE.delivered} AND ${newer}`);
  const rows = delivered.all([indexedUntil(db, 'deliveries'), MAX_NEWER_ROWS]) as [string, number][];
  for (const [channel, seq] of rows) counts.addDelivered(channel, seq);
  counts.readDelivered(db);
  const uses = db.statement('SELECT kind, name, at FROM last_uses').all([]) as [number, string, number][];
  const newest = counts.stored();
  return {
    hours: [
      ...(hours as [number, string, string, number][]).map(
        ([hour, rule, outcome, count]) => [hour, fromColumn(rule), outcome, count] as const,
      ),
      ...newest.hours,
    ],
    uses: [...uses.map(([kind, name, at]) => [kind, fromColumn(name), at] as const), ...newest.uses],
  };
}
