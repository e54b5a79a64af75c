import type { AlertView } from '../core/alerts/alerts.ts';
import type { AttemptWithMeaning } from '../core/delivery/classes.ts';
import type { DeadClass, DeadError, DeliveryState, Receipt } from '../core/delivery/delivery.ts';
import type { Exchange } from '../core/delivery/exchange.ts';
import type { Event } from '../core/event/event.ts';
import type { LaterResult, RuleResult } from '../core/flow/decision.ts';
import type { StoredMessage } from '../core/message/message.ts';
import type { Explanation } from '../core/explain/explain.ts';
import type { LeveledProblem } from '../core/problems/failure.ts';
import type { SilenceView } from '../core/alerts/silence-actions.ts';

export type * from './api/rule-views.ts';

/** Explanation, with the deliveries of a past event. */
export interface ExplanationView extends Explanation {
  readonly deliveries?: readonly DeliveryView[];
}

/** A firing alert with the progress of its notifications, which is left out beyond the first 1000 alerts. */
export interface NotifiedAlertView extends AlertView {
  readonly notifications?: AlertNotifications;
  /** Title of the latest message that is still in the history. */
  readonly title?: string;
  /** The active silence that keeps back what it would send now. */
  readonly silenced_by?: SilencedBy;
}

/** A silence with its last use. Times are RFC 3339. */
export interface ListedSilenceView extends SilenceView {
  /** Absent for one of a file. */
  readonly made_at?: string;
  /** Last time that it dropped an event or a message about an alert. */
  readonly last_match?: string;
  /** False: it dropped nothing in the last 30 days. */
  readonly matched_30d: boolean;
}

export interface SilencedBy extends Pick<SilenceView, 'id' | 'name' | 'reason'> {
  /** RFC 3339; end of the silence or of its present window. */
  readonly until?: string;
}

/** Number of notified targets, and of those by the state of the latest message to them. `pending` includes messages in flight. */
export interface AlertNotifications {
  readonly requested: number;
  readonly delivered: number;
  readonly pending: number;
  readonly held: number;
  readonly dead: number;
  readonly list: readonly AlertNotificationView[];
}

/** The latest message to one target of an alert; times are RFC 3339. */
export interface AlertNotificationView extends Pick<DeliveryView, 'channel' | 'next_at' | 'reason' | 'mend'> {
  readonly to?: readonly string[];
  /** Id of the delivery. */
  readonly delivery: string;
  /** `unknown`: the delivery is not in the history any more. */
  readonly state: DeliveryState | 'unknown';
  readonly requested_at?: string;
  readonly delivered_at?: string;
  /** Code and message of the last attempt, if it failed. */
  readonly error?: string;
}

export interface EventView {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly received_at: string;
  /** Rule -> its latest outcome for the event. */
  readonly outcomes: Readonly<Record<string, string>>;
  /** Rule -> its outcomes before that, oldest first; only of rules whose outcome has changed since the event came. */
  readonly earlier?: Readonly<Record<string, readonly string[]>>;
  /** Results of the decision when the event arrived, and later results; only in the view of one event. */
  readonly results?: readonly RuleResult[];
  readonly later?: readonly LaterResult[];
  /** Rules in which it waits, or events that came after it for the same key; only in the view of one event. */
  readonly waiting?: readonly WaitingGroupView[];
  readonly event?: Event;
  readonly deliveries?: readonly DeliveryView[];
}

export interface DeliveryView {
  readonly id: string;
  readonly event: string;
  readonly rule: string;
  readonly channel: string;
  readonly key: string;
  readonly state: DeliveryState;
  /** In the view of one delivery, with the meaning of each class. */
  readonly attempts: readonly AttemptWithMeaning[];
  readonly receipt?: Receipt;
  /** Reason why it ended dead. */
  readonly error?: DeadError & { readonly class: DeadClass };
  /** RFC 3339. */
  readonly next_at?: string;
  /** RFC 3339. */
  readonly created_at?: string;
  /** State of the channel that keeps it back: `misconfigured (http.401) since 2026-11-23T09:00:00.000Z: invalid key`. */
  readonly reason?: string;
  /** Next step that ends the reason: a command, or a change of the rules. */
  readonly mend?: string;
  /** The rendered message, where it was asked for. */
  readonly message?: StoredMessage;
  /** Request and answer of the last attempt; only in the view of one delivery. `requests` is their number, if there were several. */
  readonly request?: Exchange['request'];
  readonly answer?: Exchange['answer'];
  readonly requests?: number;
}

export interface ChannelView {
  readonly name: string;
  readonly type: string;
  /** `removed`: no longer in the rules, but has unsettled deliveries. */
  readonly state: 'ok' | 'failing' | 'misconfigured' | 'paused' | 'removed';
  readonly pending: number;
  readonly held: number;
  /** Reason when it is not ok: `401 since 09:12 (http.401)`, `held since 09:12 until 11:12 by ann: move of the server`. */
  readonly reason?: string;
  /** Code of the refused credential of a misconfigured channel. */
  readonly code?: string;
  /** RFC 3339; start of the state. */
  readonly since?: string;
  /** RFC 3339; end of a hold that ends by itself. */
  readonly until?: string;
  /** RFC 3339; nothing is sent before this time, because the provider limits the rate. */
  readonly resting_until?: string;
  /** RFC 3339; deliveries wait until this time for a rate limit or for the next probe of a failing channel. */
  readonly next_at?: string;
}

export interface StatusView {
  readonly version: string;
  readonly pid: number;
  /** Paths of the rules and of the state directory, by which a command recognizes its daemon. */
  readonly config: string;
  readonly state: string;
  readonly started_at: string;
  readonly generation: number;
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly files: readonly {
    readonly path: string;
    readonly state: 'ok' | 'kept';
    readonly problems: readonly LeveledProblem[];
  }[];
  readonly sources: readonly {
    readonly name: string;
    readonly type: string;
    readonly state: string;
    readonly reason?: string;
    /** Description of the state by the source. */
    readonly detail?: string;
  }[];
  readonly channels: readonly ChannelView[];
  readonly deliveries: {
    readonly pending: number;
    readonly sending: number;
    readonly held: number;
    readonly delivered: number;
    readonly dead: number;
  };
  readonly alerts: { readonly firing: number; readonly acknowledged: number };
  /** Number of active silences, and the first of them. */
  readonly silences: { readonly active: number; readonly list: readonly SilenceView[] };
  readonly waiting: WaitingView;
  /** Instances that share the store; empty for a daemon that has its store alone. */
  readonly instances: readonly InstanceView[];
  /** Sentences about what is wrong between the instances. */
  readonly warnings: readonly string[];
}

export interface InstanceView {
  readonly name: string;
  /** Number of its run. */
  readonly owner: number;
  /** RFC 3339, by the clock of the database: end of its lease, which it renews, and its start. */
  readonly lease_until: string;
  readonly since: string;
  readonly host: string;
  readonly pid: number;
  readonly version?: string;
  readonly generation?: number;
  /** Fingerprint of its rules. */
  readonly fingerprint?: string;
  /** Whether it is the instance that answers. */
  readonly self: boolean;
}

/** Number of rules and keys for which events wait in a step, and those whose wait ends first. */
export interface WaitingView {
  readonly for: number;
  readonly hours: number;
  readonly digest: number;
  readonly threshold: number;
  readonly list: readonly WaitingGroupView[];
}

export interface WaitingGroupView {
  readonly step: string;
  readonly rule: string;
  readonly key: string;
  readonly events: number;
  /** RFC 3339. */
  readonly until?: string;
}

export type FeedItem =
  | {
      readonly kind: 'event';
      readonly at: string;
      readonly event: Event;
      readonly outcomes: Readonly<Record<string, string>>;
      readonly results: readonly RuleResult[];
    }
  /** Later outcome of an earlier event. */
  | { readonly kind: 'later'; readonly at: string; readonly event: Event; readonly result: LaterResult }
  | {
      readonly kind: 'delivery';
      readonly at: string;
      readonly delivery: DeliveryView;
      readonly event: Pick<Event, 'id' | 'source' | 'type' | 'subject'>;
    }
  /** Change of an alert by a person or a timer. That an event changes one follows from its results. */
  | {
      readonly kind: 'alert';
      readonly at: string;
      readonly rule: string;
      readonly key: string;
      readonly state: AlertView['state'] | 'ended';
      /** The person who acknowledged it, or took that back. */
      readonly by?: string;
    }
  /** A silence that a person made or ended. */
  | { readonly kind: 'silence'; readonly at: string; readonly silence: string; readonly state: 'made' | 'ended' };
