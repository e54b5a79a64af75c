import type { RuleOutcome } from '../decision.ts';
import type { CompiledRule } from '../ruleset.ts';

/** What a step remembers for one rule and key, and until when (milliseconds since the epoch) that means anything. */
export interface Remembered<S> {
  readonly value: S;
  readonly expires: number;
}

export type Verdict<S> =
  | { readonly kind: 'pass'; readonly state?: Remembered<S> }
  | {
      readonly kind: 'stop';
      readonly outcome: RuleOutcome;
      readonly reason: string;
      readonly until?: number;
      readonly state?: Remembered<S>;
    };

/**
 * One step of the flow: settings and what it remembers in, a verdict and what it is to remember out. Pure. A verdict without
 * `state` leaves the memory as it is. `settings` reads what the rule has to say to this step; undefined skips it.
 */
export interface Step<Settings, S> {
  readonly name: string;
  settings(rule: CompiledRule): Settings | undefined;
  run(settings: Settings, state: S | undefined, now: number): Verdict<S>;
}

/** Types `run` by its settings and state while the list holds all steps alike. */
export function defineStep<Settings, S>(step: Step<Settings, S>): Step<unknown, unknown> {
  return step as unknown as Step<unknown, unknown>;
}
