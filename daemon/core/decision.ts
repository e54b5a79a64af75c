import type { Delivery } from './delivery.ts';

/** What a rule did with an event: the same words in traces, tests, metrics and `explain`. */
export type RuleOutcome =
  | 'no_match'
  | 'error'
  | 'disabled'
  | 'waiting'
  | 'counting'
  | 'inhibited'
  | 'silenced'
  | 'outside_hours'
  | 'held'
  | 'deduplicated'
  | 'throttled'
  | 'collected'
  | 'resolved'
  | 'notified';

export interface RuleResult {
  readonly rule: string;
  readonly outcome: RuleOutcome;
  readonly key?: string;
  /** Why, for a person: `same key within 10m`. */
  readonly reason?: string;
  /** What went wrong on the way, also when somebody was told all the same: a template, a key, a target's condition. */
  readonly errors?: readonly string[];
  /** RFC 3339: until when the reason holds. */
  readonly until?: string;
}

/** One flow step's memory for one rule and key. `expires` in milliseconds since the epoch: of no use after that, so the store may forget it. */
export interface StateChange {
  readonly rule: string;
  readonly key: string;
  readonly step: string;
  /** null forgets it. */
  readonly value: unknown;
  readonly expires: number;
}

/** Reads the present state of a step; undefined when there is none. */
export type ReadState = (rule: string, key: string, step: string) => unknown;

/** Everything that one event causes, as data; the store commits it whole or not at all. `results` leaves out rules with `no_match`. */
export interface Decision {
  readonly results: readonly RuleResult[];
  readonly states: readonly StateChange[];
  readonly deliveries: readonly OwedDelivery[];
}

/** A delivery that does not begin before `dueAt` (milliseconds since the epoch; `notify.delay`). */
export interface OwedDelivery {
  readonly delivery: Delivery;
  readonly dueAt: number;
}
