import type { Delivery } from '../delivery/delivery.ts';
import type { Event } from '../event/event.ts';

/** What a rule did with an event: the same words in traces, tests, metrics and `explain`. */
export type RuleOutcome = (typeof RULE_OUTCOMES)[number];

export const RULE_OUTCOMES = [
  'no_match',
  'error',
  'disabled',
  'waiting',
  'counting',
  'inhibited',
  'silenced',
  'outside_hours',
  'held',
  'deduplicated',
  'throttled',
  'collected',
  'resolved',
  'notified',
] as const;

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

/** What became of an event later, when a timer woke what had waited with it. */
export interface LaterResult extends RuleResult {
  /** RFC 3339. */
  readonly at: string;
}

/** Where one flow step remembers something: for one rule, one key, and its own name (`digest`, or `digest/3` for one of several rows). */
export interface StatePlace {
  readonly rule: string;
  readonly key: string;
  readonly step: string;
}

/** One flow step's memory for one rule and key. `expires` in milliseconds since the epoch: of no use after that, so the store may forget it. */
export interface StateChange extends StatePlace {
  /** null forgets it. */
  readonly value: unknown;
  readonly expires: number;
  /** When the step is to be woken, milliseconds since the epoch; without it never. A new value ends the old wake. */
  readonly wake?: number;
}

/** The present states of all rules, as a decision sees them. What it returns must not be changed. */
export interface Memory {
  /** undefined when there is none. */
  read(rule: string, key: string, step: string): unknown;
  /** Every key for which a step of a rule remembers something. */
  each(rule: string, step: string): Iterable<readonly [key: string, value: unknown]>;
}

/** Everything that one event, timer or person causes, as data; the store commits it whole or not at all. `results` leaves out rules with `no_match`. */
export interface Decision {
  readonly results: readonly RuleResult[];
  readonly states: readonly StateChange[];
  readonly deliveries: readonly OwedDelivery[];
  /** Ids of deliveries that have become pointless, if they have not begun: the news that they tell is over. */
  readonly cancels?: readonly string[];
  /** What became of earlier events. */
  readonly later?: readonly { readonly event: Event; readonly result: LaterResult }[];
}

/** A delivery that does not begin before `dueAt` (milliseconds since the epoch; `notify.delay`). */
export interface OwedDelivery {
  readonly delivery: Delivery;
  readonly dueAt: number;
}
