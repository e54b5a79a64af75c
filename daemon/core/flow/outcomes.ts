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

/** Outcomes of the rules for one event. */
export interface OutcomesNow {
  /** Rule -> latest outcome. */
  readonly outcomes: Readonly<Record<string, RuleOutcome>>;
  /** Rule -> its outcomes before that, oldest first; only of rules whose outcome has changed. */
  readonly earlier: Readonly<Record<string, readonly RuleOutcome[]>>;
}

const DROPPED: ReadonlySet<RuleOutcome> = new Set(ofKind('dropped'));

/** Outcomes of an event by its results in their order. An event that was notified stays so when a repeat of its alert is suppressed. */
export function outcomesNow(results: readonly { readonly rule: string; readonly outcome: RuleOutcome }[]): OutcomesNow {
  const paths = new Map<string, RuleOutcome[]>();
  for (const { rule, outcome } of results) {
    const path = paths.get(rule);
    const last = path?.at(-1);
    if (path === undefined) paths.set(rule, [outcome]);
    else if (outcome !== last && !(last === 'notified' && DROPPED.has(outcome))) path.push(outcome);
  }
  const entries = [...paths];
  return {
    outcomes: Object.fromEntries(entries.map(([rule, path]) => [rule, path.at(-1)!])),
    earlier: Object.fromEntries(
      entries.filter(([, path]) => path.length > 1).map(([rule, path]) => [rule, path.slice(0, -1)]),
    ),
  };
}

function outcomesOf({ outcomes }: { readonly outcomes: object }): StepOutcome[] {
  return Object.keys(outcomes) as StepOutcome[];
}

function ofKind(kind: OutcomeKind): StepOutcome[] {
  return STEP_OUTCOMES.filter((outcome) => STEPS.some(({ outcomes }) => outcomes[outcome] === kind));
}
