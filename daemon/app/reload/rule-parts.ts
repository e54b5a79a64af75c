import { withLevel } from '../../core/problems/failure.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { OpenState, OpenStateOptions } from '../state/open-state.ts';
import { Generations } from './generations.ts';
import { RULE_TESTS_WORKER, RuleTests } from './rule-tests.ts';

/** History and tests of the rules. */
export interface RuleParts {
  readonly generations: Generations;
  readonly ruleTests: RuleTests;
}

/** Opens the parts; they are closed with the state. */
export function openRuleParts(state: OpenState, { clock, terminal: { env } }: OpenStateOptions): RuleParts {
  const { closers, store, live } = state;
  const generations = new Generations({ ...state, checkpoints: store.checkpoints, now: () => rfc3339(clock.now()) });
  closers.own('generations', () => generations.idle());
  const ruleTests = new RuleTests({ ...state, live, env, clock, worker: RULE_TESTS_WORKER });
  closers.own('rule tests', () => ruleTests.close());
  return { generations, ruleTests };
}

/** Makes the rules of the start live, with the number of the last process if they are the same. */
export async function makeLive({ live, prepared, kept, rejected }: OpenState, generations: Generations): Promise<void> {
  const { number, record } = await generations.start(prepared.digests, () => kept.read());
  live.swap(prepared, number);
  record(withLevel('error', rejected));
}
