import type { DeliveryPolicy } from './delivery/delivery.ts';
import type { Event } from './event/event.ts';
import type { Format, Message } from './message/message.ts';
import type { Hours } from './time/hours.ts';
import type { Path } from './match/path.ts';
import type { Silence } from './alerts/silence.ts';
import type { Rate } from '../lib/time/duration.ts';

export interface Rendered {
  readonly text: string;
  readonly error?: string;
  /** Beside an error: `text` is the beginning, as far as it came. */
  readonly isBeginning?: true;
}

/** A compiled Liquid template: text from the scope, however long, or an error, never a throw. */
export interface Template {
  readonly source: string;
  render(scope: Scope, escape?: (text: string) => string): Rendered;
}

/** What templates and conditions see: the event's fields by themselves and as `event`, and what the rule adds. */
export interface Scope {
  readonly event: Event;
  readonly [name: string]: unknown;
}

/** A compiled CEL expression. `missing` names a field that is not there, which is "no match"; `error` is the outcome `error`. */
export interface Condition {
  readonly source: string;
  test(event: Event, now: number): { readonly holds: boolean; readonly missing?: string; readonly error?: string };
}

/** A compiled `match`. `holds` cannot throw. */
export interface Matcher {
  holds(event: Event): boolean;
}

/** The message's fields as templates; a plain string without `{{` is a template too. Unset fields are undefined. */
export interface MessageTemplates {
  readonly title?: Template;
  readonly body?: Template;
  readonly format?: Format;
  readonly priority?: Template;
  readonly tags?: readonly Template[];
  readonly link?: Template;
  readonly image?: Template;
  readonly actions?: readonly { readonly label: Template; readonly url: Template }[];
  readonly fields?: Readonly<Record<string, Template>>;
  readonly mention?: readonly Template[];
  readonly attach?: readonly Template[];
  readonly replace_key?: Template;
  readonly ttl?: string;
  readonly to?: readonly Template[];
}

export interface NotifyTarget {
  readonly channel: string;
  readonly to?: readonly Template[];
  readonly when?: Condition;
  /** Merged over the rule's message, field by field. */
  readonly message?: MessageTemplates;
  /** Milliseconds. */
  readonly delay: number;
}

/** `for`, milliseconds: fires after `time`, unless no matching event came for `maxGap`. */
export interface Holding {
  readonly time: number;
  readonly maxGap?: number;
}

/** `threshold`: fires at the Nth event within the window, milliseconds. */
export interface Threshold {
  readonly count: number;
  readonly within: number;
}

/** `digest`, milliseconds; `max` events make it go out at once. */
export interface Digest {
  readonly wait: number;
  readonly every: number;
  readonly max?: number;
}

/** One entry of `inhibited_by`: quiet while that rule fires with equal values at these paths. */
export interface Inhibition {
  readonly rule: string;
  readonly equal: readonly Path[];
}

/** `resolve`: the event that ends an alert, or how long after the last match it ends by itself (milliseconds). */
export interface Resolution {
  /** As written; undefined when no event resolves. */
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
  /** Merged over the rule's message, field by field. */
  readonly message?: MessageTemplates;
}

export interface CompiledRule {
  readonly name: string;
  readonly enabled: boolean;
  /** Source names; undefined: any. */
  readonly on?: readonly string[];
  readonly catchAll: boolean;
  readonly matcher: Matcher;
  /** `match` as written: the index reads from it what an event needs. */
  readonly match: unknown;
  readonly condition?: Condition;
  readonly onError: 'skip' | 'notify';
  readonly key: Template;
  readonly for?: Holding;
  readonly resolve?: Resolution;
  readonly notifyResolved: boolean;
  readonly threshold?: Threshold;
  readonly inhibitedBy: readonly Inhibition[];
  /** Names of `hours`. */
  readonly during: readonly string[];
  readonly notDuring: readonly string[];
  readonly outside: 'drop' | 'hold';
  /** Milliseconds. */
  readonly dedupe?: number;
  readonly throttle?: Rate;
  readonly digest?: Digest;
  /** Milliseconds. */
  readonly repeat?: number;
  readonly escalate: readonly Escalation[];
  readonly message: MessageTemplates;
  readonly notify: readonly NotifyTarget[];
}

export interface ChannelConfig {
  readonly name: string;
  readonly type: string;
  /** Validated, defaults filled in, secret fields as `Secret`. Its shape is the channel type's own business. */
  readonly settings: unknown;
  readonly policy: DeliveryPolicy;
  /** Changes when settings do; a hash, safe to store. Decides "unchanged" at reload and releases a misconfigured channel. */
  readonly fingerprint: string;
  /** Escapes a value from an event for the channel's dialect of a format. */
  readonly escape: (text: string, format: Format) => string;
}

export interface SourceConfig {
  readonly name: string;
  readonly type: string;
  readonly settings: unknown;
  readonly fingerprint: string;
}

export interface Token {
  readonly name: string;
  /** sha256 of the token, hex; the token itself is not kept. */
  readonly hash: string;
  readonly scopes: readonly string[];
}

/** `daemon:` of the rules, compiled; sizes in bytes, durations in milliseconds. */
export interface DaemonSettings {
  readonly listen: string;
  readonly socket?: string;
  readonly state?: string;
  readonly tokens: readonly Token[];
  readonly publicUrl?: string;
  /** Of the web applications whose pages may open the stream. */
  readonly origins: readonly string[];
  readonly log: { readonly level: 'debug' | 'info' | 'warn' | 'error'; readonly format: 'auto' | 'json' | 'text' };
  readonly limits: { readonly body: number; readonly eventsPerSecond?: number; readonly queue: number };
  readonly retention: { readonly events: number; readonly size: number };
  readonly reload: { readonly watch: boolean; readonly requireTests: boolean };
}

/** Finds the rules that an event matches without evaluating all of them; docs/matching.md explains it. */
export interface RuleIndex {
  /** The enabled rules for events that no other rule takes. */
  readonly catchAll: readonly CompiledRule[];
  /** Rules whose `on` and `match` hold, in the order of the files; `origin` is the name of the event's source. */
  lookup(event: Event, origin: string): readonly CompiledRule[];
}

/** Everything that the rule files say, compiled, frozen, swapped as one. Matching cannot fail: compilation did all the failing. */
export interface Ruleset {
  readonly daemon: DaemonSettings;
  readonly rules: readonly CompiledRule[];
  readonly byName: ReadonlyMap<string, CompiledRule>;
  readonly index: RuleIndex;
  /** The rules whose alerts an event may end. */
  readonly resolving: RuleIndex;
  readonly hours: ReadonlyMap<string, Hours>;
  /** Those of the files. */
  readonly silences: readonly Silence[];
  readonly sources: ReadonlyMap<string, SourceConfig>;
  readonly channels: ReadonlyMap<string, ChannelConfig>;
}

export type { Message };
