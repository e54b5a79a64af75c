import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import type { Connection } from '../engine/connection.ts';
import { fromColumn } from '../engine/keys.ts';
import { STATE } from '../engine/schema.ts';
import { ActivityCounts, hourOf } from './activity-counts.ts';
import { indexedUntil } from './build.ts';

/** Rows outside of blocks that are read: there are more only while the history of an earlier version is being indexed. */
const MAX_NEWER_ROWS = 20_000;

/** Uses of rules, channels and silences, some of them in parts. */
export interface StoredActivity {
  readonly hours: readonly (readonly [hour: number, rule: string, outcome: string, count: number])[];
  readonly uses: readonly (readonly [kind: number, name: string, at: number])[];
}

/** Adds what was counted with the blocks to the rows that are not in a block yet. */
export function readActivity(db: Connection, since: number): StoredActivity {
  const counts = new ActivityCounts();
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
  return {
    hours: [
      ...(hours as [number, string, string, number][]).map(
        ([hour, rule, outcome, count]) => [hour, fromColumn(rule), outcome, count] as const,
      ),
      ...[...counts.hours].flatMap(([hour, rules]) =>
        [...rules].flatMap(([rule, outcomes]) =>
          [...outcomes].map(([outcome, count]) => [hour, rule, outcome, count] as const),
        ),
      ),
    ],
    uses: [
      ...uses.map(([kind, name, at]) => [kind, fromColumn(name), at] as const),
      ...[...counts.uses].flatMap(([kind, names]) => [...names].map(([name, at]) => [kind, name, at] as const)),
    ],
  };
}
