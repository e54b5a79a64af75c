import type { Decision, Memory } from '../../../core/flow/decision.ts';
import { Writes } from './commit.ts';
import { hashOf, seqOfId } from '../engine/keys.ts';
import { enterMemory, type Ledger, type NewDelivery, writeOwed } from '../context.ts';
import { StateOverlay } from '../../states.ts';

/**
 * Decides and commits what no event caused: a timer, an acknowledgement, a silence, new rules. What is owed for it belongs to the
 * event that it is about, as long as that is remembered.
 */
export async function applyDecision<D extends Decision>(
  ledger: Ledger,
  now: number,
  decide: (memory: Memory) => D,
): Promise<D> {
  const { committer } = ledger;
  committer.check();
  if (!committer.isReady) await committer.ready();
  const states = new StateOverlay(ledger.states, now);
  const decision = decide(states);
  states.add(decision.states);
  const writes = new Writes();
  const made = decision.deliveries.map((owed): NewDelivery => {
    const one = writeOwed(ledger, writes, owed, { event: 0, whole: true });
    const { event } = owed.delivery;
    writes.add(
      'eventFollows',
      seqOfId(event.id) ?? null,
      event.id,
      hashOf(event.id),
      hashOf(event.source),
      one.entry.seq,
      null,
    );
    return one;
  });
  writeLater(writes, decision);
  states.keep(writes);
  if (writes.names.length === 0) return decision;
  await committer.submit({
    writes,
    counts: { owed: made.length },
    decided: true,
    committed: () => {
      for (const one of made) enterMemory(ledger, one);
    },
  });
  return decision;
}

/** What became of earlier events is told beside what was decided when they came. */
export function writeLater(writes: Writes, { later = [] }: Decision): void {
  for (const { event, result } of later) {
    const name = [event.id, hashOf(event.id), hashOf(event.source)] as const;
    writes.add('eventFollows', seqOfId(event.id) ?? null, ...name, null, JSON.stringify(result));
  }
}
