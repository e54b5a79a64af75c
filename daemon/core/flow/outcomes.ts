import { STEPS, type StepOutcome } from './steps/index.ts';
import type { OutcomeKind } from './step.ts';

/** Outcome of a rule for an event, with the same name in the history, tests, metrics and `explain`. */
export type RuleOutcome = 'no_match' | 'error' | 'disabled' | StepOutcome | 'resolved' | 'notified';

/** Outcomes of the steps in their order; an outcome of two steps has the position of the later one. */
const STEP_OUTCOMES = [...new Set(STEPS.flatMap(outcomesOf).reverse())].reverse();

export const RULE_OUTCOMES: readonly RuleOutcome[] = [
  'no_match',
  'error',
  'disabled',
  ...STEP_OUTCOMES,
  'resolved',
  'notified',
];

/** Outcomes after which a message may still be sent. */
export const WAITING_OUTCOMES: readonly RuleOutcome[] = ofKind('waiting');

/** Outcomes of a rule, strongest first; a later step is stronger than an earlier one. */
export const BY_STRENGTH: readonly RuleOutcome[] = [
  'notified',
  'error',
  'resolved',
  ...ofKind('waiting').reverse(),
  ...ofKind('dropped').reverse(),
  'disabled',
  'no_match',
];

/** Outcomes of a step, of the steps after it, and of an event that passes them all. */
export function outcomesFrom(step: string): readonly RuleOutcome[] {
  const index = STEPS.findIndex(({ name }) => name === step);
  return [...STEPS.slice(index).flatMap(outcomesOf), 'notified'];
}

function outcomesOf({ outcomes }: { readonly outcomes: object }): StepOutcome[] {
  return Object.keys(outcomes) as StepOutcome[];
}

function ofKind(kind: OutcomeKind): StepOutcome[] {
  return STEP_OUTCOMES.filter((outcome) => STEPS.some(({ outcomes }) => outcomes[outcome] === kind));
}
