import type { Acknowledged, Acknowledgement, AlertView } from '../core/alerts/alerts.ts';
import type { Attempt, DeadLetter, DeliveryState, Receipt } from '../core/delivery/delivery.ts';
import type { Event, EventInput } from '../core/event/event.ts';
import type { LaterResult, RuleResult } from '../core/flow/decision.ts';
import type { Explanation } from '../core/explain/explain.ts';
import type { LeveledProblem } from '../core/problems/failure.ts';
import type { SilenceProblem } from '../core/alerts/silence-request.ts';
import type { Expiry, SilenceView, WouldSilence } from '../core/alerts/silence-actions.ts';
import type { DeadLineProblem, ResendPlan, ResendProgress, ResendRequest, ResendSum } from '../core/delivery/resend.ts';
import type { Token } from '../core/ruleset.ts';
import type { HookRoute } from '../sources/source.ts';
import type { Moment } from '../core/values/value-kind.ts';
import type { Audit, HistoryQuery, Page } from '../store/store.ts';

/** What the listener may ask of the daemon. `app.ts` stands behind it; docs/http-api.md describes the JSON shapes. */
export interface DaemonApi {
  /** Rejects with `BelfryError`: `intake.stopping` (503), `store.full` and `intake.queue_full` (507), `intake.rate` (429), `store.conflict` (409), `intake.reserved_source` (400). */
  accept(
    events: readonly EventInput[],
    options?: { idempotency?: { key: string; bodyHash: string } },
  ): Promise<readonly AcceptedEvent[]>;
  /** The deliveries of these events and the outcomes of each, once all deliveries have ended, or as they are when `ms` have passed or `signal` aborts. */
  wait(eventIds: readonly string[], ms: number, signal: AbortSignal): Promise<WaitedView>;
  hookRoute(path: string): HookRoute | undefined;
  status(): Promise<StatusView>;
  /** Ready takes events; `reasons` says why not, and also what works only in part (a channel that is misconfigured, a file that does not load). */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  reload(): Promise<ReloadView>;
  check(path?: string): Promise<CheckView>;
  /** What the live rules would make of an event; undefined: there is none with this id. */
  explain(request: ExplainRequest): Promise<Explanation | undefined>;
  readonly alertActions: AlertActions;
  channels(): Promise<readonly ChannelView[]>;
  /** undefined: no such channel. `signal` ends the waiting for its turn. */
  testChannel(name: string, signal: AbortSignal): Promise<ChannelTestView | undefined>;
  /** false: no such channel. */
  hold(name: string): Promise<boolean>;
  release(name: string): Promise<boolean>;
  /** Past events that fit, a page at a time. Rejects with `history.cursor` (400). */
  events(request: HistoryRequest): Promise<Page<EventView>>;
  deliveries(request: HistoryRequest): Promise<Page<DeliveryView>>;
  event(id: string): Promise<EventView | undefined>;
  delivery(id: string): Promise<DeliveryView | undefined>;
  dead(): AsyncIterable<DeadLetter | DeadLineProblem>;
  /** Yields the plan first, then one line per record as it ends, then the sum. */
  resend(request: ResendRequest, signal: AbortSignal): AsyncIterable<ResendPlan | ResendProgress | ResendSum>;
  drop(id: string): Promise<boolean>;
  audit(): Promise<Audit>;
  /** Live events and deliveries; returns the unsubscription. */
  feed(listener: (item: FeedItem) => void): () => void;
  /** Acknowledged by a user: these deliveries have their receipt. */
  acknowledged(deliveries: readonly string[], receipt: Receipt): Promise<void>;
  /** The tokens of the live configuration, or the one made at first start. */
  tokens(): readonly Token[];
  /** `daemon.public_url` and `daemon.origins` of the live configuration. */
  publicUrl(): string | undefined;
  origins(): readonly string[];
  /** `daemon.limits`. */
  limits(): { readonly body: number };
}

/** What history is asked for; everything given must fit. */
export interface HistoryRequest extends Omit<HistoryQuery, 'since' | 'until' | 'states'> {
  readonly since?: Moment;
  readonly until?: Moment;
  readonly states?: readonly DeliveryState[];
}

export interface ExplainRequest {
  readonly event?: EventInput;
  /** Of a past event, instead. */
  readonly id?: string;
  /** Tell of this rule only. */
  readonly rule?: string;
  /** As if it came then, milliseconds since the epoch; now if not given. */
  readonly at?: number;
}

/** What people do about alerts. What resolves is on disk. */
export interface AlertActions {
  /** What fires, the oldest first; of one rule, or of all. */
  alerts(rule?: string): readonly AlertView[];
  /** `mend`: nothing of it fires; what was probably meant. */
  acknowledge(
    given: Acknowledgement,
  ): Promise<{ readonly acknowledged: Acknowledged['acknowledged']; readonly mend?: string }>;
  /** Those of the files, then those that people made. */
  silences(): readonly SilenceView[];
  /** Makes one of what was posted. */
  silence(posted: unknown): Promise<SilenceMade>;
  expireSilence(id: string): Promise<{ readonly kind: Expiry } | { readonly kind: 'file'; readonly file: string }>;
}

export type SilenceMade =
  | { readonly kind: 'made'; readonly silence: MadeSilenceView }
  | { readonly kind: 'invalid'; readonly problems: readonly SilenceProblem[] }
  | { readonly kind: 'too_many'; readonly most: number };

export interface MadeSilenceView extends SilenceView {
  readonly would_silence: WouldSilence;
}

export interface WaitedView {
  /** Of each event, in the order of the ids: rule -> outcome. */
  readonly outcomes: readonly Readonly<Record<string, string>>[];
  readonly deliveries: readonly DeliveryView[];
}

export interface AcceptedEvent {
  readonly id: string;
  readonly duplicate: boolean;
}

export interface EventView {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly received_at: string;
  readonly outcomes: Readonly<Record<string, string>>;
  /** What was decided when it came, and what became of it since; of one event. */
  readonly results?: readonly RuleResult[];
  readonly later?: readonly LaterResult[];
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
  readonly attempts: readonly Attempt[];
  readonly receipt?: Receipt;
  /** RFC 3339. */
  readonly next_at?: string;
}

export interface ChannelView {
  readonly name: string;
  readonly type: string;
  /** `removed`: no longer in the rules, and still owes something. */
  readonly state: 'ok' | 'failing' | 'misconfigured' | 'paused' | 'removed';
  readonly pending: number;
  readonly held: number;
  /** Why it is not ok: `401 since 09:12 (http.401)`. */
  readonly reason?: string;
  /** RFC 3339. */
  readonly since?: string;
  /** RFC 3339; nothing is sent before: the far side limits the rate. */
  readonly resting_until?: string;
}

export interface StatusView {
  readonly version: string;
  readonly pid: number;
  /** The rules, and the state directory: by them a command knows that it talks to the daemon that it was asked about. */
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
    /** How it is, in words of its own. */
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
}

export interface ReloadView {
  readonly ok: boolean;
  readonly generation: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly restart_needed: readonly string[];
  /** What the edit did to timers that run. */
  readonly notes: readonly string[];
  readonly problems: readonly LeveledProblem[];
}

export interface CheckView {
  readonly valid: boolean;
  readonly files: number;
  readonly rules: number;
  readonly problems: readonly LeveledProblem[];
}

export interface ChannelTestView {
  readonly channel: string;
  readonly ok: boolean;
  readonly receipt?: Receipt;
  readonly error?: { readonly class: string; readonly code: string; readonly message: string };
  readonly ms: number;
}

export type FeedItem =
  | {
      readonly kind: 'event';
      readonly at: string;
      readonly event: Event;
      readonly outcomes: Readonly<Record<string, string>>;
    }
  /** What became of an event that came earlier. */
  | { readonly kind: 'later'; readonly at: string; readonly event: Event; readonly result: LaterResult }
  | { readonly kind: 'delivery'; readonly at: string; readonly delivery: DeliveryView };

export type { AlertView, SilenceProblem, SilenceView };
export type { DeadLineProblem, ResendPlan, ResendProgress, ResendRequest, ResendSum };
