import type { RuleReport } from '../../compile/rule-report.ts';
import type { RuleStep } from '../../ruleset.ts';
import type { TProperties } from '../../schema/type.ts';
import type { Given, Step } from '../step.ts';
import { alert } from './alert.ts';
import { dedupe } from './dedupe.ts';
import { digest } from './digest.ts';
import { hold } from './for.ts';
import { hours } from './hours.ts';
import { inhibit } from './inhibit.ts';
import { silence } from './silence.ts';
import { threshold } from './threshold.ts';
import { throttle } from './throttle.ts';

/** All steps, in the order in which matching events pass them. */
const ALL = [hold, threshold, alert, inhibit, silence, hours, dedupe, throttle, digest] as const;

type AnyStep = (typeof ALL)[number];
type Intersection<T> = (T extends unknown ? (value: T) => void : never) extends (value: infer All) => void
  ? All
  : never;
type OutcomeOf<S> = S extends { readonly outcomes: infer Own } ? keyof Own & string : never;

export const STEPS: readonly Step[] = ALL;

/** Type of the outcomes of all steps. */
export type StepOutcome = OutcomeOf<AnyStep>;

/** Settings of all steps, as fields of a rule's schema. */
export const stepFields = Object.assign({}, ...ALL.map(({ fields }) => fields)) as Intersection<AnyStep['fields']>;

/** Steps that a rule has, with their settings. */
export function compileSteps(given: Given<TProperties>, rule: RuleReport): readonly RuleStep[] {
  return STEPS.flatMap((step, index) => {
    const settings = step.compile(given, rule);
    return settings === undefined ? [] : [{ index, name: step.name, settings }];
  });
}
