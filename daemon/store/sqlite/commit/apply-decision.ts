import type { Decision, Memory } from '../../../core/flow/decision.ts';
import { StateOverlay } from '../../states.ts';
import { addToMemory, type PreparedDelivery, type StoreContext, writeNewDelivery } from '../context.ts';
import { hashOf, seqOfId } from '../engine/keys.ts';
import { writeStates } from '../engine/rows.ts';
import { Writes } from './commit.ts';

/**
 * Makes and commits a decision that no event caused: a timer, an acknowledgement, a silence, new rules. Its deliveries are
 * attached to their events as long as these are stored.
 */
export async function applyDecision<D extends Decision>(
  context: StoreContext,
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
  const added = decision.deliveries.map((created): PreparedDelivery => {
    const one = writeNewDelivery(context, writes, created, { event: 0, whole: true });
    const { id, source } = created.delivery.event;
    writes.add('eventFollowUp', seqOfId(id) ?? null, id, hashOf(id), hashOf(source), one.entry.seq, null);
    return one;
  });
  writeLaterResults(writes, decision);
  const changed = states.apply();
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

/** Appends the decision's results about earlier events to those events. */
export function writeLaterResults(writes: Writes, { later = [] }: Decision): void {
  for (const { event, result } of later) {
    const name = [event.id, hashOf(event.id), hashOf(event.source)] as const;
    writes.add('eventFollowUp', seqOfId(event.id) ?? null, ...name, null, JSON.stringify(result));
  }
}
