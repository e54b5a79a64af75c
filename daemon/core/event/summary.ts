import type { RuleOutcome, RuleResult } from '../flow/decision.ts';
import { BY_STRENGTH } from '../flow/outcomes.ts';

/** Outcome of an event as a whole: the strongest of its rules' outcomes, so that every event is counted under exactly one. */
export type EventOutcome = RuleOutcome;

export function summarize(results: readonly RuleResult[]): EventOutcome {
  let strongest = BY_STRENGTH.length - 1;
  for (const { outcome } of results) strongest = Math.min(strongest, BY_STRENGTH.indexOf(outcome));
  return BY_STRENGTH[strongest]!;
}
