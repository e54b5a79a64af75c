import type { RuleOutcome, RuleResult } from '../flow/decision.ts';

/** What became of an event as a whole: its strongest outcome, so that every event is counted under exactly one. */
export type EventOutcome = RuleOutcome;

/** Strongest first: who was told, what went wrong, what waits, what was held back, what nobody asked for. */
const STRENGTH: readonly RuleOutcome[] = [
  'notified',
  'error',
  'resolved',
  'held',
  'collected',
  'waiting',
  'counting',
  'throttled',
  'deduplicated',
  'silenced',
  'inhibited',
  'outside_hours',
  'disabled',
  'no_match',
];

export function summarize(results: readonly RuleResult[]): EventOutcome {
  let strongest = STRENGTH.length - 1;
  for (const { outcome } of results) strongest = Math.min(strongest, STRENGTH.indexOf(outcome));
  return STRENGTH[strongest]!;
}
