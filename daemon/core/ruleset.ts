import type { Rate } from '../lib/time/duration.ts';
import type { Secret } from '../lib/secrets/secret.ts';
import type { ChannelTypeInfo } from './compile/registry.ts';
import type { CanarySettings, DeliveryPolicy } from './delivery/delivery.ts';
import type { Event } from './event/event.ts';
import type { Format } from './message/message.ts';
import type { Hours } from './time/hours.ts';
import type { Windows } from './time/windows.ts';
import type { EgressSettings } from './values/egress.ts';
import type { ProxySetting } from './values/proxy.ts';

export interface Rendered {
  readonly text: string;
  readonly error?: string;
  /** With an error: `text` is the part that was rendered before it. */
  readonly isBeginning?: true;
}

/** A compiled Liquid template. Rendering returns text of any length or an error; it never throws. */
export interface Template {
  readonly source: string;
  render(variables: TemplateVariables, escape?: (text: string) => string): Rendered;
}

/** Variables of templates and conditions: the fields of the event, also as `event`, and variables of the rule. */
export interface TemplateVariables {
  readonly event: Event;
  readonly [name: string]: unknown;
}

/** A compiled CEL expression. `missing`: name of a missing field, so the expression does not match. `error` leads to the outcome `error`. */
export interface Condition {
  readonly source: string;
  test(event: Event, now: number): { readonly holds: boolean; readonly missing?: string; readonly error?: string };
}

/** A compiled `match`. `holds` cannot throw. */
export interface Matcher {
  holds(event: Event): boolean;
}

/** A button of a message: a link, or a change of the alert (`ack`, `resolve`, `silence 1h`). A button without a label gets a default one. */
export type ActionTemplates =
  | { readonly label: Template; readonly url: Template; readonly do?: undefined }
  | { readonly label?: Template; readonly do: string };

/** Fields of a message as templates; a text without `{{` is a template too. Unset fields are undefined. */
export interface MessageTemplates {
  readonly title?: Template;
  readonly body?: Template;
  readonly format?: Format;
  readonly priority?: Template;
  readonly tags?: readonly Template[];
  readonly link?: Template;
  readonly image?: Template;
  readonly actions?: readonly ActionTemplates[];
  readonly fields?: Readonly<Record<string, Template>>;
  readonly mention?: readonly Template[];
  readonly attach?: readonly Template[];
  readonly replace_key?: Template;
  readonly ttl?: string;
  readonly to?: readonly Template[];
}

/** A target of `notify`, of a rule or of a step of `escalate`. */
export interface NotifyTarget {
  readonly channel: string;
  readonly when?: Condition;
  /** Milliseconds. */
  readonly delay: number;
  /** `message` of the target. */
  readonly message?: MessageTemplates;
  /** The merged message: each field is that of the target, otherwise of the escalation, otherwise of the rule. */
  readonly templates: MessageTemplates;
}

/** `resolve`: the event that ends an alert, or the time after the last match after which it ends (`after`, milliseconds). */
export interface Resolution {
  /** Match map in its written form; undefined when no event resolves. */
  readonly match?: unknown;
  readonly matcher?: Matcher;
  readonly condition?: Condition;
  readonly after?: number;
}

/** One step of `escalate`. */
export interface Escalation {
  /** After the alert began to fire, milliseconds. */
  readonly after: number;
  readonly notify: readonly NotifyTarget[];
}

/** Settings of the step `alert`: how alerts end, repeat and escalate. */
export interface AlertSettings {
  readonly resolve?: Resolution;
  readonly notifyResolved: boolean;
  /** Milliseconds. */
  readonly repeat?: number;
  readonly escalate: readonly Escalation[];
}

/** A flow step of a rule. Only the step itself knows the form of its settings. */
export interface RuleStep {
  /** Index in the list of all steps. */
  readonly index: number;
  readonly name: string;
  readonly settings: unknown;
}

export interface CompiledRule {
  readonly name: string;
  readonly enabled: boolean;
  /** Source names; undefined: any. */
  readonly on?: readonly string[];
  readonly catchAll: boolean;
  readonly matcher: Matcher;
  /** `match` as written, from which the index is built. */
  readonly match: unknown;
  readonly condition?: Condition;
  readonly onError: 'skip' | 'notify';
  readonly key: Template;
  /** The template of the key may use `now`; otherwise the text of the time is not made for each event. */
  readonly keyReadsNow: boolean;
  /** Steps of the rule, in the order of the pipeline. */
  readonly steps: readonly RuleStep[];
  /** Settings of the step `alert`; undefined: the rule sends single notifications. */
  readonly alert?: AlertSettings;
  readonly message: MessageTemplates;
  readonly notify: readonly NotifyTarget[];
}

/** A silence, compiled. Times are milliseconds since the epoch. */
export interface Silence {
  readonly id: string;
  readonly name?: string;
  readonly reason: string;
  /** The person who made it. */
  readonly by?: string;
  readonly matcher: Matcher;
  readonly condition?: Condition;
  readonly from?: number;
  readonly until?: number;
  readonly recurring?: Windows;
  readonly origin: 'file' | 'api';
  /** File that contains it, and its line there. */
  readonly file?: string;
  readonly line?: number;
  /** Settings as they were written or posted. */
  readonly written: Readonly<Record<string, unknown>>;
}

export interface ChannelConfig {
  readonly name: string;
  readonly type: string;
  /** Validated, defaults filled in, secret fields as `Secret`. Only the channel type knows its shape. */
  readonly settings: unknown;
  readonly policy: DeliveryPolicy;
  readonly canary?: CanarySettings;
  /** Keyed hash of the settings, safe to store. When it changes, a reload restarts the channel and releases a misconfigured one. */
  readonly fingerprint: string;
  /** Escapes a value from an event for a format in the dialect of the channel. */
  readonly escape: (text: string, format: Format) => string;
  /** Settings of `daemon:` for connections of channels, if there are any. */
  readonly network?: NetworkSettings;
  /** Folders below which files may be attached to messages; absent for a channel that attaches none. */
  readonly attachFrom?: readonly string[];
  /** The type, if a plugin has it; other types are known by their name. */
  readonly pluginType?: ChannelTypeInfo;
}

export interface NetworkSettings {
  /** For channels without a `proxy` of their own. */
  readonly proxy?: ProxySetting;
  readonly egress?: EgressSettings;
}

export interface SourceConfig {
  readonly name: string;
  readonly type: string;
  readonly settings: unknown;
  readonly fingerprint: string;
  /** Instance that runs it; undefined: each. */
  readonly instance?: string;
}

export interface Token {
  readonly name: string;
  /** sha256 of the token, hex; the token itself is not kept. */
  readonly hash: string;
  readonly scopes: readonly string[];
  /** Requests that its owner may make; undefined: any number. */
  readonly rate?: Rate;
  /** Time from which it is refused, milliseconds since the epoch; undefined for a token without an end. */
  readonly expires?: number;
}

/** `daemon:` of the rules, compiled; sizes in bytes, durations in milliseconds. */
export interface DaemonSettings {
  readonly listen: string;
  readonly socket?: string;
  /** Name or number of the group that may use the socket. */
  readonly socketGroup?: string | number;
  readonly state?: string;
  readonly store: StoreSettings;
  /** Undefined: the name of the host. */
  readonly instance?: string;
  readonly tokens: readonly Token[];
  readonly publicUrl?: string;
  /** Origins of the web applications whose pages may open the stream. */
  readonly origins: readonly string[];
  /** Whether the web console is served. */
  readonly console: boolean;
  /** Undefined: none. */
  readonly proxy?: ProxySetting;
  /** Absolute paths of modules with channel types. */
  readonly plugins: readonly string[];
  readonly egress?: EgressSettings;
  readonly heartbeat?: HeartbeatSettings;
  readonly attachFrom: readonly string[];
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'auto' | 'json' | 'text' };
  readonly limits: {
    readonly body: number;
    readonly eventsPerSecond?: number;
    readonly connectionsPerAddress: number;
    readonly queue: number;
  };
  readonly retention: { readonly events: number; readonly size: number };
  readonly reload: { readonly watch: boolean; readonly requireTests: boolean };
}

/** `daemon.store`. */
export type StoreSettings = { readonly type: 'sqlite' } | PostgresSettings;

/** Store on a PostgreSQL server. */
export interface PostgresSettings {
  readonly type: 'postgres';
  readonly url: Secret;
  /** Name of the schema, without quotation marks. */
  readonly schema: string;
  /** Connections of this instance at most. */
  readonly pool: number;
  /** Whether a commit waits for the disk of the server. */
  readonly synchronous: boolean;
  /** Keyed hash of these settings. */
  readonly fingerprint: string;
}

/** `daemon.heartbeat`. */
export interface HeartbeatSettings {
  readonly url: Secret;
  /** Milliseconds. */
  readonly every: number;
  /** Keyed hash of these settings and of those for connections. */
  readonly fingerprint: string;
}

/** Finds the rules that an event matches without evaluating all of them; docs/matching.md explains it. */
export interface RuleIndex {
  /** The enabled catch-all rules. */
  readonly catchAll: readonly CompiledRule[];
  /** Rules whose `on` and `match` hold, in the order of the files; `origin` is the name of the event's source. */
  lookup(event: Event, origin: string): readonly CompiledRule[];
}

/** All rule files, compiled and frozen. A reload replaces it as a whole. Errors are found while it is compiled, not while it is used. */
export interface Ruleset {
  readonly daemon: DaemonSettings;
  readonly rules: readonly CompiledRule[];
  readonly byName: ReadonlyMap<string, CompiledRule>;
  readonly index: RuleIndex;
  /** Index of the rules whose alerts an event may end. */
  readonly resolving: RuleIndex;
  readonly hours: ReadonlyMap<string, Hours>;
  /** Silences of the files. */
  readonly silences: readonly Silence[];
  /** Compiles a silence of the store, memoized by the stored object; undefined when it does not compile any more. */
  readonly storedSilence: (stored: object) => Silence | undefined;
  readonly sources: ReadonlyMap<string, SourceConfig>;
  readonly channels: ReadonlyMap<string, ChannelConfig>;
}
