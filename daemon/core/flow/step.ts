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
  /** Events of the group, oldest first; of very many only those that a step keeps. */
  readonly events: readonly Event[];
  /** Number of events, with those that were not kept. */
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

/** Part of a step's context that its state needs; the rule may be gone. */
export interface RuleKey {
  readonly rule: { readonly name: string };
  readonly key: string;
  readonly memory: Memory;
}

/** State of a step for the rule and key at hand. */
export interface Row {
  /** Name of one of several rows of the step. */
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
      readonly rows?: readonly Row[];
      readonly errors?: readonly string[];
    };

/** Result of waking a step: its new state, and the groups that go on from there. */
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
 * One step of the flow; everything about it is in its file. Its functions are pure: settings, a group and state go in, a result
 * with the new state comes out. A result without rows leaves the state as it is.
 */
export interface Step<
  Fields extends TProperties = TProperties,
  Settings = unknown,
  Own extends Outcomes = Outcomes,
  Name extends string = string,
> {
  /** Name of its rows in the store, so it never changes. */
  readonly name: Name;
  /** Settings of a rule that are the step's own, as a schema. */
  readonly fields: Fields;
  /** Outcomes with which the step stops events. */
  readonly outcomes: Own;
  /** True: a later step that drops the events undoes its state, and the next message counts what this step dropped as `suppressed`. */
  readonly tentative?: true;
  /** Set where the step also keeps alerts from repeating and escalating: the outcome of these. */
  readonly mutesAlerts?: keyof Own & string;
  /** Settings in the form that `run` wants; undefined when the rule does not have the step. Reports what a schema cannot say. */
  compile(given: Given<Fields>, rule: RuleReport): Settings | undefined;
  /** Notes the names of other things in the settings as they are written, so that unknown ones are reported. */
  mentions?(given: Readonly<Record<string, unknown>>, rule: RuleReport): void;
  run(settings: Settings, group: EventGroup, context: StepContext): StepResult<keyof Own & string>;
  /** Runs when the wake time of its state has come. Settings are undefined when the rule does not have the step any more. */
  wake?(settings: Settings | undefined, context: StepContext): WakeResult;
  /** State with the expiry and wake times of edited settings. Rows that are left out stay as they are. */
  reschedule?(settings: Settings | undefined, state: unknown, context: StepContext): readonly Row[];
  /** Rows that delete what waits in the step; none when nothing does. */
  forget?(place: RuleKey): readonly Row[];
  /** Last event that waits in the step. */
  lastEvent?(place: RuleKey): Event | undefined;
}

/** A step that keeps events must be able to drop them, and to name the last of them. */
type KeepsEvents<Own extends Outcomes> = 'waiting' extends Own[keyof Own]
  ? { forget(place: RuleKey): readonly Row[]; lastEvent(place: RuleKey): Event | undefined }
  : unknown;

/** Checks a step's parts against each other: settings against schema, results against outcomes. */
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
