import type { Attempt } from '../../../core/delivery/delivery.ts';
import type { LaterResult, RuleResult } from '../../../core/flow/decision.ts';
import { USE } from '../stored-states.ts';

export const HOUR_MS = 3_600_000;

/** Uses of rules, channels and silences, some of them in parts. */
export interface StoredActivity {
  readonly hours: readonly (readonly [hour: number, rule: string, outcome: string, count: number])[];
  readonly uses: readonly (readonly [kind: number, name: string, at: number])[];
}

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
    if (!('at' in result)) this.use(USE.match, rule, at);
    if (outcome === 'notified') this.use(USE.notified, rule, at);
    if (silence !== undefined) this.use(USE.silenced, silence, at);
  }

  /** Notes a use; the latest time counts. */
  use(kind: number, name: string, at: number): void {
    const uses = nested(this.uses, kind);
    uses.set(name, Math.max(uses.get(name) ?? 0, at));
  }

  /** The counts as they are stored. */
  stored(): StoredActivity {
    const hours = [...this.hours].flatMap(([hour, rules]) =>
      [...rules].flatMap(([rule, outcomes]) =>
        [...outcomes].map(([outcome, count]) => [hour, rule, outcome, count] as const),
      ),
    );
    const uses = [...this.uses].flatMap(([kind, names]) => [...names].map(([name, at]) => [kind, name, at] as const));
    return { hours, uses };
  }
}

function nested<K, L, V>(map: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let inner = map.get(key);
  if (inner === undefined) map.set(key, (inner = new Map<L, V>()));
  return inner;
}
