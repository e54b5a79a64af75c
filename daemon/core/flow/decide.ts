import type { Event } from '../event/event.ts';
import { loopReason } from '../event/hops.ts';
import type { Decision, RuleResult } from './decision.ts';
import { type DecideContext, Pipeline } from './pipeline.ts';
import { resolve } from './resolve.ts';
import type { Candidate } from './select.ts';
import { groupOf } from './step.ts';

export type { DecideContext };

/** Decision about one event, as data. A pure function of its arguments. For an event of a loop, each rule that would run has the outcome `error`. */
export function decide(event: Event, candidates: readonly Candidate[], context: DecideContext): Decision {
  const pipeline = new Pipeline(context);
  const results: RuleResult[] = [];
  const loop = loopReason(event);
  for (const candidate of candidates) {
    const result = loop === undefined ? resultOf(event, candidate, pipeline) : stopped(candidate, loop);
    if (result !== undefined) results.push(result);
  }
  return pipeline.decision(results);
}

function stopped(candidate: Candidate, loop: string): RuleResult {
  if (candidate.kind === 'result') return candidate.result;
  const { rule, key } = candidate;
  return { rule: rule.name, key, outcome: 'error', errors: [loop] };
}

function resultOf(event: Event, candidate: Candidate, pipeline: Pipeline): RuleResult | undefined {
  if (candidate.kind === 'result') return candidate.result;
  const { rule, key, error } = candidate;
  const result =
    candidate.kind === 'resolve' ? resolve(pipeline, rule, key, { event }) : pipeline.run(rule, key, groupOf(event));
  if (error === undefined || result === undefined) return result;
  return { ...result, errors: [error, ...(result.errors ?? [])] };
}
