import type { Decision, Memory } from '../../../core/flow/decision.ts';
import { writeDecision } from '../../shared/commit/decision-writes.ts';
import { addToMemory } from '../../shared/context.ts';
import { writeStates } from '../../shared/rows.ts';
import { Writes } from '../../shared/writes.ts';
import { StateOverlay } from '../../states.ts';
import type { SqliteContext } from '../context.ts';

/** Makes and commits a decision that no event caused: a timer, an acknowledgement, a silence, new rules. */
export async function applyDecision<D extends Decision>(
  context: SqliteContext,
  now: number,
  decide: (memory: Memory) => D,
): Promise<D> {
  const { committer } = context;
  committer.check();
  if (!committer.isReady) await committer.ready();
  const states = new StateOverlay(context.states, now);
  const decision = decide(states);
  states.add(decision.states);
  const writes = new Writes();
  const added = writeDecision(context, writes, decision);
  const changed = states.applyTo(context.states);
  if (changed !== undefined) writeStates(writes, changed);
  if (writes.names.length === 0) return decision;
  await committer.submit({
    writes,
    counts: { owed: added.length },
    decided: true,
    onCommitted: () => {
      for (const one of added) addToMemory(context, one);
    },
  });
  return decision;
}
