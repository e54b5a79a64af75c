import type { Memory, RuleOutcome } from './decision.ts';
import type { Event } from '../event/event.ts';
import type { CompiledRule, Ruleset } from '../ruleset.ts';

/** What goes through the steps: an event on its way to a message, or several that a window has made one of. */
export interface Signal {
  /** What the message is about: of several the latest. */
  readonly event: Event;
  /** All that it stands for, oldest first; of very many only so many as a step keeps. */
  readonly events: readonly Event[];
  /** How many events it stands for. */
  readonly count: number;
}

/** Where a step stands. `memory` already has what this decision has changed. */
export interface StepContext {
  readonly rule: CompiledRule;
  readonly key: string;
  readonly ruleset: Ruleset;
  readonly memory: Memory;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** What a step is to remember for the rule and key at hand, and until when (milliseconds since the epoch) that means anything. */
export interface Row {
  /** One of several rows of the step. */
  readonly part?: string;
  /** null forgets it. */
  readonly value: unknown;
  readonly expires: number;
  /** When the step is to be woken. */
  readonly wake?: number;
}

export type Verdict =
  | {
      readonly kind: 'pass';
      readonly signal?: Signal;
      readonly rows?: readonly Row[];
      readonly errors?: readonly string[];
    }
  | {
      readonly kind: 'stop';
      readonly outcome: RuleOutcome;
      readonly reason: string;
      readonly until?: number;
      readonly rows?: readonly Row[];
      /** It goes on later: kept, not dropped. */
      readonly kept?: true;
      readonly errors?: readonly string[];
    };

/** What comes of waking a step: what it remembers from now on, and the signals that go on from there. */
export interface Waking {
  readonly rows: readonly Row[];
  readonly signals: readonly Signal[];
  /** The end of a wait without a notification: the last event that waited, and why. */
  readonly ended?: { readonly event: Event; readonly reason: string };
}

/**
 * One step of the flow. Pure: settings, a signal and what is remembered in, a verdict with what is to be remembered out. A
 * verdict without rows leaves the memory as it is. `settings` reads what the rule has to say to this step; undefined skips it.
 */
export interface Step<Settings> {
  readonly name: string;
  /** What it remembers of having let a signal pass is forgotten again when a later step drops the signal. */
  readonly tentative?: true;
  settings(rule: CompiledRule): Settings | undefined;
  run(settings: Settings, signal: Signal, context: StepContext): Verdict;
  /** Its time has come. Settings are undefined when the rule does not have the step any more: then what waits goes on. */
  wake?(settings: Settings | undefined, context: StepContext): Waking;
  /**
   * Its state with the times that the present settings give it: until when it holds, and when it is due. Rows
   * that are left out stay as they are.
   */
  retimed?(settings: Settings | undefined, state: unknown, context: StepContext): readonly Row[];
}

/** Types `run` by its settings while the list holds all steps alike. */
export function defineStep<Settings>(step: Step<Settings>): Step<unknown> {
  return step as unknown as Step<unknown>;
}

/** As much of where a step stands as finds its memory: also that of a rule which is gone. */
export interface MemoryOf {
  readonly rule: { readonly name: string };
  readonly key: string;
  readonly memory: Memory;
}

/** The step's own memory of the rule and key at hand. */
export function remembered<S>(step: string, { rule, key, memory }: MemoryOf): S | undefined {
  return memory.read(rule.name, key, step) as S | undefined;
}

/** One event by itself. */
export function signalOf(event: Event): Signal {
  return { event, events: [event], count: 1 };
}

/** Kept until it is changed. */
export const FOREVER = Number.MAX_SAFE_INTEGER;

export function forget(part?: string): Row {
  return { ...(part !== undefined && { part }), value: null, expires: 0 };
}
