import type { AnyClass } from '../core/delivery/classes.ts';
import type { DeadClass, DeadError, Delivery, DeliveryState, Receipt } from '../core/delivery/delivery.ts';
import type { LaterResult, RuleResult } from '../core/flow/decision.ts';
import type { Event } from '../core/event/event.ts';

/** Conditions on events or deliveries; all given ones must hold. Times in milliseconds since the epoch. */
export interface HistoryFilter {
  readonly since?: number;
  /** Exclusive. */
  readonly until?: number;
  readonly source?: string;
  /** Exact, or a glob with `*`. */
  readonly type?: string;
  /** Id of the event. */
  readonly event?: string;
  readonly rule?: string;
  readonly outcome?: string;
  readonly channel?: string;
  /** Any of these; for deliveries only. `held` is pending, and in one of the channels in `held`. */
  readonly states?: readonly DeliveryState[];
  /** Channels that are held, for `states`: their deliveries are `held` instead of `pending`. */
  readonly held?: readonly string[];
  /** Class of the last attempt, or of the death; for deliveries only. */
  readonly class?: AnyClass;
  /** Code of the last attempt; for deliveries only. */
  readonly code?: string;
  readonly key?: string;
  /** Part of any text value, in upper or lower case. */
  readonly text?: string;
}

export interface HistoryQuery extends HistoryFilter {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** `next` of the page before. */
  readonly cursor?: string;
}

/** One page of results. A page with `next` may be shorter than the limit, even empty. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Cursor of the following page; absent on the last one. */
  readonly next?: string;
}

export interface StoredEvent {
  readonly event: Event;
  readonly receivedAt: number;
  /** Rule name -> outcome on arrival, without `no_match`. */
  readonly outcomes: Readonly<Record<string, string>>;
  /** Results of the decision on arrival, without `no_match`. */
  readonly results: readonly RuleResult[];
  /** Results of later decisions about this event, in order. */
  readonly later: readonly LaterResult[];
}

export interface StoredDelivery {
  readonly delivery: Delivery;
  /** Never `held`, which follows from the state of the channel. */
  readonly state: Exclude<DeliveryState, 'held'>;
  /** Present while pending. */
  readonly dueAt?: number;
  readonly receipt?: Receipt;
  readonly error?: DeadError & { readonly class: DeadClass };
}

/** Last uses of rules, channels and silences. Times are milliseconds since the epoch. */
export interface Activity {
  /** Rule -> its matches; rules that never matched are absent. Kept for longer than the events. */
  readonly rules: ReadonlyMap<string, RuleActivity>;
  /** Channel -> time of its last successful attempt. After a restart, of those whose delivery is still stored. */
  readonly delivered: ReadonlyMap<string, number>;
  /** Id of a silence -> last time that it held an event back. Kept for longer than the events. */
  readonly silenced: ReadonlyMap<string, number>;
}

export interface RuleActivity {
  /** Arrival of the last event that the rule matched. */
  readonly lastMatch?: number;
  readonly lastNotified?: number;
  /** Outcomes by hour since the time asked for, oldest first; hours without any are absent. */
  readonly hours: readonly HourOfRule[];
}

export interface HourOfRule {
  /** Start of the hour (UTC). */
  readonly at: number;
  /** Outcome -> number of events, later results included. */
  readonly outcomes: Readonly<Record<string, number>>;
}
