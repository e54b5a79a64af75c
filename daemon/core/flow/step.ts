import type { RuleReport } from '../compile/rule-report.ts';
import type { Event } from '../event/event.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';
import type { strict } from '../schema/fields.ts';
import type { Static, TProperties } from '../schema/type.ts';
import type { Memory } from './memory.ts';

/** Events that go through the steps on their way to one message: a single one, or several that a step has put together. */
export interface EventGroup {
  /** Event that the message is about: the latest of several. */
  readonly event: Event;
  /** Events of the group, oldest first, up to the limit of the step. */
  readonly events: readonly Event[];
  /** Number of events, including those beyond the limit. */
  readonly count: number;
}

/** Rule and key at which a step runs. `memory` already contains the changes of this decision. */
export interface StepContext {
  readonly rule: CompiledRule;
  readonly key: string;
  readonly ruleset: Ruleset;
  readonly memory: Memory;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Identifies the state of a step by rule and key, also for a rule that does not exist any more. */
export interface RuleKey {
  readonly rule: { readonly name: string };
  readonly key: string;
  readonly memory: Memory;
}

/** A stored value of the state of a step, for a given rule and key. */
export interface Row {
  /** Name of the row, if the step has several. */
  readonly part?: string;
  /** null deletes the row. */
  readonly value: unknown;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** Time at which the step is to be woken. */
  readonly wake?: number;
}

/** `dropped`: the events end here. `waiting`: the step keeps them and may let them go on later. */
export type OutcomeKind = 'dropped' | 'waiting';

export type StepResult<Outcome extends string = string> =
  | {
      readonly kind: 'pass';
      /** Replaces the group that came in. */
      readonly group?: EventGroup;
      readonly rows?: readonly Row[];
      readonly errors?: readonly string[];
    }
  | {
      readonly kind: 'stop';
      readonly outcome: Outcome;
      /** Text for people, as `explain` shows it: `the same key within 10m`. */
      readonly reason: string;
      readonly until?: number;
      /** Id of the silence that dropped the events. */
      readonly silence?: string;
      readonly rows?: readonly Row[];
      readonly errors?: readonly string[];
    };

/** Events that wait in a step for one rule and key. */
export interface Waiting {
  readonly events: number;
  /** End of the wait, milliseconds since the epoch; if not set, it is the wake time of the state. */
  readonly until?: number;
}

/** Result of waking a step: its new state, and the groups that continue with the next step. */
export interface WakeResult {
  readonly rows: readonly Row[];
  readonly groups: readonly EventGroup[];
  /** End of a wait without a notification: the last event that waited, and the reason. */
  readonly ended?: { readonly event: Event; readonly reason: string };
}

/** Decoded settings of a rule that a step declares in `fields`. */
export type Given<Fields extends TProperties> = Static<ReturnType<typeof strict<Fields>>>;

type Outcomes = Readonly<Record<string, OutcomeKind>>;

/**
 * One step of the flow; everything about it is in its file. Its functions are pure: they compute a result with the new state from
 * settings, a group and the old state. A result without rows leaves the state unchanged.
 */
export interface Step<
  Fields extends TProperties = TProperties,
  Settings = unknown,
  Own extends Outcomes = Outcomes,
  Name extends string = string,
> {
  /** Name of its rows in the store, so it never changes. */
  readonly name: Name;
  /** Schema of the settings of a rule that belong to the step. */
  readonly fields: Fields;
  /** Outcomes with which the step stops events. */
  readonly outcomes: Own;
  /** True: a later step that drops the events undoes its state, and the next message counts what this step dropped as `suppressed`. */
  readonly tentative?: true;
  /** True: of many equal events it lets only some through, so a rule with it does not cause its own next event for ever. */
  readonly endsLoops?: true;
  /** Set if the step also prevents repeats and escalations of alerts: the outcome of those. */
  readonly mutesAlerts?: keyof Own & string;
  /** Converts the settings for `run`; undefined when the rule does not have the step. Reports problems that a schema cannot express. */
  compile(given: Given<Fields>, rule: RuleReport): Settings | undefined;
  /** Records the names of hours, channels and rules in the written settings, so that unknown ones are reported. */
  mentions?(given: Readonly<Record<string, unknown>>, rule: RuleReport): void;
  run(settings: Settings, group: EventGroup, context: StepContext): StepResult<keyof Own & string>;
  /** Runs when the wake time of its state has come. Settings are undefined when the rule does not have the step any more. */
  wake?(settings: Settings | undefined, context: StepContext): WakeResult;
  /** Rows with expiry and wake times by edited settings. Rows that are left out stay unchanged. */
  reschedule?(settings: Settings | undefined, state: unknown, context: StepContext): readonly Row[];
  /** Rows that delete the waiting events of the step; none when no event waits. */
  forget?(ruleKey: RuleKey): readonly Row[];
  /** Last event that waits in the step. */
  lastEvent?(ruleKey: RuleKey): Event | undefined;
  /** Whether events wait by this state of the step. Called for every key, so it only looks at the state. */
  isWaiting?(state: unknown): boolean;
  /** Events that wait in the step; undefined when none does. */
  waits?(settings: Settings | undefined, context: StepContext): Waiting | undefined;
}

/** A step that keeps events must be able to drop them, to count them, and to name the last of them. */
type KeepsEvents<Own extends Outcomes> = 'waiting' extends Own[keyof Own]
  ? {
      forget(ruleKey: RuleKey): readonly Row[];
      lastEvent(ruleKey: RuleKey): Event | undefined;
      isWaiting(state: unknown): boolean;
      waits(settings: never, context: StepContext): Waiting | undefined;
    }
  : unknown;

/** Checks the static types of a step: its settings against the schema, its results against the outcomes. */
export function defineStep<Fields extends TProperties, Settings, const Own extends Outcomes, const Name extends string>(
  step: Step<Fields, Settings, Own, Name> & KeepsEvents<Own>,
): Step<Fields, Settings, Own, Name> {
  return step;
}

/** Settings of a step in a rule; undefined when the rule does not have it. */
export function settingsOf<Settings>(
  step: { readonly name: string; compile(given: never, rule: never): Settings | undefined },
  rule: Pick<CompiledRule, 'steps'>,
): Settings | undefined {
  return rule.steps.find(({ name }) => name === step.name)?.settings as Settings | undefined;
}

/** State of a step for the rule and key at hand. */
export function stateOf<S>(step: string, { rule, key, memory }: RuleKey): S | undefined {
  return memory.read(rule.name, key, step) as S | undefined;
}

export function groupOf(event: Event): EventGroup {
  return { event, events: [event], count: 1 };
}

export function deletion(part?: string): Row {
  return { ...(part !== undefined && { part }), value: null, expires: 0 };
}

/**
 * The state with none of these times ahead of `now`; the same object if none is. A clock that was set back must not make a wait longer
 * than its setting.
 */
export function notAhead<S extends object, Name extends keyof S>(state: S, names: readonly Name[], now: number): S {
  const ahead = names.filter((name) => typeof state[name] === 'number' && state[name] > now);
  return ahead.length === 0 ? state : { ...state, ...Object.fromEntries(ahead.map((name) => [name, now])) };
}
