import type { WebPushSubscription } from '../core/delivery/web-push.ts';
import type { AlertView } from '../core/alerts/alerts.ts';
import type { AlertChange, AlertsChanged, AlertVerb } from '../core/alerts/changes.ts';
import type { DeliveryState, Receipt } from '../core/delivery/delivery.ts';
import type { HoldRequest, ManualHold } from '../core/delivery/hold.ts';
import type { EventInput } from '../core/event/event.ts';
import type { StoredMessage } from '../core/message/message.ts';
import type { LeveledProblem } from '../core/problems/failure.ts';
import type { SilenceProblem } from '../core/alerts/silence-request.ts';
import type { Expiry, SilenceView } from '../core/alerts/silence-actions.ts';
import type { SilencePreview } from '../core/alerts/silence-preview.ts';
import type { Token } from '../core/ruleset.ts';
import type { HookRoute } from '../sources/source.ts';
import type { Excerpt } from '../core/problems/problem-text.ts';
import type { TimeOrAgo } from '../core/values/value-kind.ts';
import type { Audit, HistoryQuery, Page } from '../store/store.ts';
import type { AuditLogApi } from './api/audit.ts';
import type { ButtonApi } from './api/buttons.ts';
import type { ChannelDetailView } from './api/channels.ts';
import type { SourceView } from './api/sources.ts';
import type { ConsoleApi } from './api/console.ts';
import type { DeadLetterApi } from './api/dead-letters.ts';
import type { Doctor } from './api/doctor.ts';
import type { IdentityApi } from './api/identity.ts';
import type { JobsApi } from './api/jobs.ts';
import type { RerunApi } from './api/rerun.ts';
import type { UnsavedApi } from './api/unsaved.ts';
import type {
  ExplanationView,
  ListedSilenceView,
  NotifiedAlertView,
  EventView,
  DeliveryView,
  StatusView,
  FeedItem,
  GenerationView,
  RulesView,
  RuleTestsView,
  WholeRuleView,
} from './views.ts';

export type * from './api/audit.ts';
export type * from './api/buttons.ts';
export type * from './api/channels.ts';
export type * from './api/console.ts';
export type * from './api/dead-letters.ts';
export type * from './api/doctor.ts';
export type * from './api/identity.ts';
export type * from './api/jobs.ts';
export type * from './api/rerun.ts';
export type * from './api/unsaved.ts';
export type * from './api/sources.ts';
export type * from './views.ts';

/** Calls that http/ and the CLI may make. `app/api` implements it; docs/http-api.md describes the JSON. */
export interface DaemonApi extends DeadLetterApi, RerunApi {
  /** Rejects with `BelfryError`: `intake.stopping` (503), `store.full` and `intake.queue_full` (507), `intake.rate` (429), `store.conflict` (409), `intake.reserved_source` (400). */
  accept(
    events: readonly EventInput[],
    options?: { idempotency?: { key: string; bodyHash: string } },
  ): Promise<readonly AcceptedEvent[]>;
  /** Waits until all deliveries of these events have ended, `ms` have passed or `signal` aborts; returns their state and the outcomes. */
  wait(eventIds: readonly string[], ms: number, signal: AbortSignal): Promise<WaitedView>;
  hookRoute(path: string): HookRoute | undefined;
  status(): Promise<StatusView>;
  /** Ready means that events are accepted. `reasons` explains why not, and lists failing parts, such as a misconfigured channel. */
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
  reload(): Promise<ReloadView>;
  /** Validates the rules at these paths, by default those of the daemon. Files have absolute paths. */
  check(paths?: readonly string[]): Promise<CheckView>;
  /** Explains the outcome of the live rules for an event; undefined when no event has this id. */
  explain(request: ExplainRequest): Promise<ExplanationView | undefined>;
  /** Checks, explanations and backtests of rules that are in no file. */
  readonly unsaved: UnsavedApi;
  readonly rules: RulesApi;
  readonly alertActions: AlertActions;
  /** Buttons of messages. */
  readonly buttons: ButtonApi;
  /** Firing alerts of one rule or of all, the oldest first, with the progress of their notifications. */
  alerts(rule?: string): Promise<readonly NotifiedAlertView[]>;
  /** Silences of the files, then those that users made, with their last use. */
  silences(): Promise<readonly ListedSilenceView[]>;
  channels(): Promise<readonly ChannelDetailView[]>;
  /** The running sources with what they know about themselves. */
  sources(): readonly SourceView[];
  /**
   * Sends a test message; undefined when there is no such channel. `signal` ends the wait for its turn. Rejects with `test.no_event`,
   * `test.no_rule`, `test.no_match` or `test.no_target` (404).
   */
  testChannel(name: string, signal: AbortSignal, request?: ChannelTestRequest): Promise<ChannelTestView | undefined>;
  /** Holds a channel; undefined when there is no such channel. */
  hold(name: string, request: HoldRequest): Promise<ManualHold | undefined>;
  /** Releases a channel; `by` names the person. False when there is no such channel. */
  release(name: string, by: string | undefined): Promise<boolean>;
  /** One page of the past events that match. Rejects with `history.cursor` (400). */
  events(request: HistoryRequest): Promise<Page<EventView>>;
  deliveries(request: HistoryRequest): Promise<Page<DeliveryView>>;
  event(id: string): Promise<EventView | undefined>;
  delivery(id: string): Promise<DeliveryView | undefined>;
  /** Makes a delivery due now. `isDue` is false if it is in flight or has ended; undefined when there is none with this id. */
  retryDelivery(id: string): Promise<{ readonly isDue: boolean; readonly delivery: DeliveryView } | undefined>;
  readonly jobs: JobsApi;
  audit(): Promise<Audit>;
  /** Log of who did what. */
  readonly auditLog: AuditLogApi;
  readonly identity: IdentityApi;
  /** Backup of the state directory as blocks of a tar archive. The copy ends when the caller stops reading. Rejects with `store.copying` (409). */
  backup(): AsyncIterable<Buffer>;
  readonly doctor: Doctor;
  /** Subscribes to live events and deliveries; returns the unsubscription. */
  feed(listener: (item: FeedItem) => void): () => void;
  /** Completes deliveries that a user has acknowledged, with this receipt. */
  acknowledged(deliveries: readonly string[], receipt: Receipt): Promise<void>;
  readonly webPush: WebPushApi;
  /** Logins of the web console. */
  readonly console: ConsoleApi;
  /** Tokens of the live rules; without any, the token that the first start created. */
  tokens(): readonly Token[];
  /** `daemon.public_url` and `daemon.origins` of the live rules. */
  publicUrl(): string | undefined;
  origins(): readonly string[];
  /** `daemon.limits`. */
  limits(): { readonly body: number; readonly connectionsPerAddress: number };
}

/** The rules in force and their history. */
export interface RulesApi {
  /** With `text` each rule has its text. */
  page(request: { readonly limit: number; readonly from: number; readonly text: boolean }): Promise<RulesView>;
  /** Undefined when there is no such rule. */
  rule(name: string): Promise<WholeRuleView | undefined>;
  /** The last reloads, the latest first. */
  generations(limit: number): Promise<readonly GenerationView[]>;
  /** Runs the tests of the rules directory. Rejects with `rules.tests_unfinished` (503). */
  test(): Promise<RuleTestsView>;
}

/** Filters of the history; all given ones must match. */
export interface HistoryRequest extends Omit<HistoryQuery, 'since' | 'until' | 'states'> {
  /** Whether the message of each delivery is part of the answer. */
  readonly message?: boolean;
  readonly since?: TimeOrAgo;
  readonly until?: TimeOrAgo;
  readonly states?: readonly DeliveryState[];
}

export interface ExplainRequest {
  readonly event?: EventInput;
  /** Id of a past event, in place of `event`. */
  readonly id?: string;
  /** Explain this rule only. */
  readonly rule?: string;
  /** Assumed time of arrival, milliseconds since the epoch; default now. */
  readonly at?: number;
}

/** Actions of users on alerts and silences. A promise resolves when the change is on disk. */
export interface AlertActions {
  /** Firing alerts of one rule or of all, the oldest first. */
  alerts(rule?: string): readonly AlertView[];
  /** Acknowledges alerts, takes that back, or ends them. `mend` is a suggestion when there is none to change. */
  change(
    verb: AlertVerb,
    given: AlertChange,
  ): Promise<{ readonly changed: AlertsChanged['changed']; readonly mend?: string }>;
  /** Silences of the files, then those that users made. */
  silences(): readonly SilenceView[];
  /** Makes a silence from a posted body. `isForced`: also if it names rules that do not exist. */
  silence(posted: unknown, isForced: boolean): Promise<SilenceMade>;
  /** Previews what such a silence would have silenced in the last 24 h. Makes nothing. */
  planSilence(posted: unknown, isForced: boolean): Promise<SilencePlanned>;
  expireSilence(id: string): Promise<{ readonly kind: Expiry } | { readonly kind: 'file'; readonly file: string }>;
}

export type SilenceMade =
  | { readonly kind: 'made'; readonly silence: MadeSilenceView }
  | { readonly kind: 'invalid'; readonly problems: readonly SilenceProblem[] }
  | { readonly kind: 'too_many'; readonly most: number };

export type SilencePlanned =
  | { readonly kind: 'planned'; readonly plan: SilencePlanView }
  | Extract<SilenceMade, { kind: 'invalid' }>;

/** Preview of a silence that is not made. */
export interface SilencePlanView {
  /** RFC 3339; start of the examined time. */
  readonly since: string;
  /** Events that it would have dropped. */
  readonly matched: number;
  /** Deliveries about these events. */
  readonly notifications: number;
  /** Firing alerts that it applies to. */
  readonly alerts: number;
  /** Newest first. */
  readonly examples: readonly SilenceExample[];
  /** True: there are more than were examined. */
  readonly partial?: true;
  /** Error of its condition for some events, to which it does not apply. */
  readonly error?: string;
  /** Parts of the match that presumably never hold. */
  readonly warnings?: readonly string[];
}

/** A past event that a silence would have dropped, with the rule and key by which it matched. */
export interface SilenceExample {
  /** Id of the event. */
  readonly event: string;
  /** RFC 3339; arrival of the event. */
  readonly time: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly rule: string;
  readonly key: string;
  /** Outcome of the rule at that time. */
  readonly outcome: string;
  /** Channels that got a message about it. */
  readonly notified: readonly string[];
}

export interface MadeSilenceView extends SilenceView {
  readonly would_silence: SilencePreview;
  /** Parts of the match that presumably never hold. */
  readonly warnings?: readonly string[];
}

export interface WaitedView {
  /** Rule -> latest outcome of each event, in the order of the ids. */
  readonly outcomes: readonly Readonly<Record<string, string>>[];
  readonly deliveries: readonly DeliveryView[];
}

export interface AcceptedEvent {
  readonly id: string;
  readonly duplicate: boolean;
}

export interface ReloadView {
  readonly ok: boolean;
  readonly generation: number;
  readonly added: readonly string[];
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly restart_needed: readonly string[];
  /** Effects of the edit on running timers. */
  readonly notes: readonly string[];
  readonly problems: readonly LeveledProblem[];
}

export interface CheckView {
  readonly valid: boolean;
  readonly files: number;
  readonly rules: number;
  readonly problems: readonly LeveledProblem[];
  /** Source line of a problem, with secrets masked; undefined when it has none. */
  readonly excerpt: (problem: LeveledProblem) => Excerpt | undefined;
}

/** A rule and an event, of which the message of a channel test is made. One of `event` and `id` is given. */
export interface ChannelTestRequest {
  readonly rule: string;
  readonly event?: EventInput;
  /** Id of a past event. */
  readonly id?: string;
}

export interface ChannelTestView {
  readonly channel: string;
  readonly ok: boolean;
  readonly receipt?: Receipt;
  readonly error?: {
    readonly class: string;
    readonly code: string;
    readonly message: string;
    /** The credentials or settings were refused: the deliveries of the channel are held. */
    readonly misconfigured?: true;
  };
  readonly ms: number;
  /** Present after a test with a rule, as are the id of the event and the messages that were sent. */
  readonly rule?: string;
  readonly event?: string;
  readonly messages?: readonly StoredMessage[];
  /** Errors of templates. */
  readonly errors?: readonly string[];
}

/** Browsers that take Web Push. */
export interface WebPushApi {
  /** Public key of the daemon, base64url. */
  publicKey(): Promise<string>;
  subscribe(user: string, subscription: WebPushSubscription): Promise<void>;
  /** Resolves to false if the user has no such subscription. */
  end(user: string, endpoint: string): Promise<boolean>;
}

export type { AlertView, SilenceProblem, SilenceView };
