import type { Attempt } from '../../../core/delivery/delivery.ts';
import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import type { Connection } from '../engine/connection.ts';
import { toColumn } from '../engine/keys.ts';
import { USE } from '../engine/schema.ts';

export const HOUR_MS = 3_600_000;
/** Time for which outcomes by hour are kept: two days and the hour that has begun. */
const HOURS_KEPT_MS = 49 * HOUR_MS;

/** Start of the hour (UTC) of a time. */
export const hourOf = (at: number): number => Math.floor(at / HOUR_MS) * HOUR_MS;

/** Time at which a delivery was delivered: the end of its last attempt. One without attempts was acknowledged. */
export function deliveredAt(attempts: readonly Attempt[], createdAt: number): number {
  const last = attempts.at(-1);
  return last === undefined ? createdAt : Date.parse(last.at) + last.ms;
}

/** Outcomes of rules by hour and last uses, collected before they are added to the stored ones. */
export class ActivityCounts {
  /** Hour -> rule -> outcome -> number. */
  readonly hours = new Map<number, Map<string, Map<string, number>>>();
  /** Kind -> name -> time. */
  readonly uses = new Map<number, Map<string, number>>();
  /** Channel -> row of its newest delivered delivery. */
  readonly #delivered = new Map<string, number>();

  /** Adds the results of one event. Later results were counted by hour when they came. */
  addResults(results: readonly (RuleResult | LaterResult)[], receivedAt: number): void {
    for (const result of results) {
      const isLater = 'at' in result;
      if (!isLater) this.addOutcome(result, receivedAt);
      this.addUses(result, isLater ? Date.parse(result.at) : receivedAt);
    }
  }

  addOutcome({ rule, outcome }: Pick<RuleResult, 'rule' | 'outcome'>, at: number, count = 1): void {
    const outcomes = nested(nested(this.hours, hourOf(at)), rule);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + count);
  }

  addUses(result: RuleResult | LaterResult, at: number): void {
    const { rule, outcome, silence } = result;
    if (!('at' in result)) this.#use(USE.match, rule, at);
    if (outcome === 'notified') this.#use(USE.notified, rule, at);
    if (silence !== undefined) this.#use(USE.silenced, silence, at);
  }

  /** Adds a delivered delivery by its row number. Of those of a channel the newest counts. */
  addDelivered(channel: string, seq: number): void {
    this.#delivered.set(channel, Math.max(this.#delivered.get(channel) ?? 0, seq));
  }

  #use(kind: number, name: string, at: number): void {
    const uses = nested(this.uses, kind);
    uses.set(name, Math.max(uses.get(name) ?? 0, at));
  }

  /** Part of a transaction. Deletes hours that are too old at `now`. */
  write(db: Connection, now: number): void {
    this.readDelivered(db);
    const hours = [...this.hours].flatMap(([hour, rules]) =>
      [...rules].flatMap(([rule, outcomes]) =>
        [...outcomes].map(([outcome, count]) => [hour, toColumn(rule), outcome, count]),
      ),
    );
    const uses = [...this.uses].flatMap(([kind, names]) => [...names].map(([name, at]) => [kind, toColumn(name), at]));
    // One statement for all of them takes a third of the time.
    db.statement(
      `INSERT INTO rule_hours SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?) WHERE true
        ON CONFLICT DO UPDATE SET count = count + excluded.count`,
    ).run([JSON.stringify(hours)]);
    db.statement(
      `INSERT INTO last_uses SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?) WHERE true
        ON CONFLICT DO UPDATE SET at = max(at, excluded.at)`,
    ).run([JSON.stringify(uses)]);
    db.statement('DELETE FROM rule_hours WHERE hour < ?').run([hourOf(now - HOURS_KEPT_MS)]);
  }

  /** Reads the times of the deliveries that were added. */
  readDelivered(db: Connection): void {
    const statement = db.statement("SELECT attempts, body ->> '$.createdAt' FROM deliveries WHERE seq = ?");
    for (const [channel, seq] of this.#delivered) {
      const [attempts, createdAt] = statement.get([seq]) as [string, number];
      const made = JSON.parse(attempts) as Attempt[];
      this.#use(USE.delivered, made.at(-1)?.channel ?? channel, deliveredAt(made, createdAt));
    }
    this.#delivered.clear();
  }
}

function nested<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let inner = map.get(key);
  if (inner === undefined) map.set(key, (inner = new Map<L, V>()));
  return inner;
}
