import type { Event } from '../event/event.ts';
import type { NewDelivery } from './deliveries.ts';
import type { StateChange } from './memory.ts';
import type { RuleOutcome } from './outcomes.ts';

export type { NewDelivery } from './deliveries.ts';
export type { Memory, StateChange, StateKey } from './memory.ts';
export type { RuleOutcome } from './outcomes.ts';

export interface RuleResult {
  readonly rule: string;
  readonly outcome: RuleOutcome;
  readonly key?: string;
  /** Text for people: `the same key within 10m`. */
  readonly reason?: string;
  /** Errors in a template, a key or the condition of a target, also if a message was sent. */
  readonly errors?: readonly string[];
  /** RFC 3339: end of the time for which the reason holds. */
  readonly until?: string;
  /** Id of the silence that dropped the event. */
  readonly silence?: string;
}

/** Outcome of an event that waited, from the time at which a timer woke it. */
export interface LaterResult extends RuleResult {
  /** RFC 3339. */
  readonly at: string;
  /** Id of the event whose message contains this one, if they were put together. */
  readonly with_event?: string;
}

/** All results of one event, timer or request, as data. The store commits it in one transaction. `results` does not contain rules with `no_match`. */
export interface Decision {
  readonly results: readonly RuleResult[];
  readonly states: readonly StateChange[];
  readonly deliveries: readonly NewDelivery[];
  /** Ids of deliveries about an alert that has ended. They are cancelled unless their first attempt has begun. */
  readonly cancels?: readonly string[];
  /** Outcomes of earlier events. */
  readonly later?: readonly { readonly event: Event; readonly result: LaterResult }[];
}
