import type { Decision } from '../../../core/flow/decision.ts';
import type { Event } from '../../../core/event/event.ts';
import { summarize } from '../../../core/event/summary.ts';
import { type PreparedDelivery, type StoreContext, writeNewDelivery } from '../context.ts';
import { hashOf, seqOfId } from '../keys.ts';
import type { Writes } from '../writes.ts';

/** Writes of an event with its decision. */
export interface EventWrites {
  readonly seq: number;
  /** Its row number is not contained in its id. */
  readonly named: boolean;
  readonly added: readonly PreparedDelivery[];
  readonly summary: string;
}

/** Writes a new event, its deliveries, and later results of other events. `mayRepeat`: the sender chose the id. */
export function writeEvent(
  context: StoreContext,
  writes: Writes,
  { event, mayRepeat, now }: { readonly event: Event; readonly mayRepeat: boolean; readonly now: number },
  decision: Decision,
): EventWrites {
  const { seq, named } = context.eventSeqs.assign(event.id, now, !mayRepeat);
  const body = JSON.stringify(event);
  const added = decision.deliveries.map((one) => {
    const whole = one.delivery.event.id !== event.id;
    return writeNewDelivery(context, writes, one, { event: seq, whole, bytes: body.length });
  });
  const summary = summarize(decision.results);
  const results = decision.results.filter(({ outcome }) => outcome !== 'no_match');
  const seqs = `[${added.map(({ entry }) => entry.seq).join(',')}]`;
  writes.add('event', seq, now, body, JSON.stringify(results), summary, seqs);
  writeLaterResults(writes, decision);
  return { seq, named, added, summary };
}

/** Writes the deliveries and later results of a decision that no event caused. Its deliveries are attached to their events as long as these are stored. */
export function writeDecision(context: StoreContext, writes: Writes, decision: Decision): PreparedDelivery[] {
  const added = decision.deliveries.map((created): PreparedDelivery => {
    const one = writeNewDelivery(context, writes, created, { event: 0, whole: true });
    const { id, source } = created.delivery.event;
    writes.add('eventFollowUp', seqOfId(id) ?? null, id, hashOf(id), hashOf(source), one.entry.seq, null);
    return one;
  });
  writeLaterResults(writes, decision);
  return added;
}

/** Appends the decision's results about earlier events to those events. */
function writeLaterResults(writes: Writes, { later = [] }: Decision): void {
  for (const { event, result } of later) {
    const name = [event.id, hashOf(event.id), hashOf(event.source)] as const;
    writes.add('eventFollowUp', seqOfId(event.id) ?? null, ...name, null, JSON.stringify(result));
  }
}
