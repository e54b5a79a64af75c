import type { Decision, RuleResult } from './decision.ts';
import type { Event } from '../event/event.ts';
import { Course, type DecideContext } from './pipeline.ts';
import { resolve } from './steps/resolve.ts';
import { signalOf } from './step.ts';
import type { Candidate } from './select.ts';

export type { DecideContext };

/** What one event causes, as data. Reads nothing but its arguments; changes nothing. */
export function decide(event: Event, candidates: readonly Candidate[], context: DecideContext): Decision {
  const course = new Course(context);
  const results: RuleResult[] = [];
  for (const candidate of candidates) {
    const result = resultOf(event, candidate, course);
    if (result !== undefined) results.push(result);
  }
  return course.end(results);
}

function resultOf(event: Event, candidate: Candidate, course: Course): RuleResult | undefined {
  if (candidate.kind === 'result') return candidate.result;
  const { rule, key, error } = candidate;
  const result =
    candidate.kind === 'resolve' ? resolve(course, rule, key, event) : course.go(rule, key, signalOf(event));
  if (error === undefined || result === undefined) return result;
  return { ...result, errors: [error, ...(result.errors ?? [])] };
}
