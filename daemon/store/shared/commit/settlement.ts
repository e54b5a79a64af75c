import type { Attempt } from '../../../core/delivery/delivery.ts';
import type { Writes } from '../writes.ts';
import type { CounterChange } from './counters.ts';
import type { ChannelQueue } from '../pending/channel-queue.ts';
import { STATE } from '../stored-states.ts';
import type { AttemptMade, DeliveryStore, Settlement, StoredDelivery } from '../../store.ts';

/** Changes that a settlement makes to the row, the counters and the pending index. */
export interface SettlementUpdate {
  readonly state: number;
  readonly due: number;
  readonly receipt: string | null;
  readonly error: string | null;
  readonly counts: CounterChange;
  /** Moves the delivery within the pending index; undefined: it is final and leaves the index. */
  readonly move?: (queue: ChannelQueue, slot: number) => void;
}

type Of<S extends Settlement['state']> = Extract<Settlement, { readonly state: S }>;

const UPDATES: { readonly [S in Settlement['state']]: (settlement: Of<S>, tried: boolean) => SettlementUpdate } = {
  delivered: ({ receipt }) => ({
    state: STATE.delivered,
    due: 0,
    receipt: JSON.stringify(receipt),
    error: null,
    counts: { delivered: 1 },
  }),
  pending: ({ dueAt }, tried) => ({
    state: tried ? STATE.retry : STATE.pending,
    due: dueAt,
    receipt: null,
    error: null,
    counts: {},
    move: (queue, slot) => queue.retry(slot, dueAt),
  }),
  sending: ({ until }) => ({
    state: STATE.sending,
    due: until,
    receipt: null,
    error: null,
    counts: {},
    move: (queue, slot) => queue.await(slot, until),
  }),
  dead: ({ class: deadClass, error }) => ({
    state: STATE.dead,
    due: 0,
    receipt: null,
    error: JSON.stringify({ ...error, class: deadClass }),
    counts: { dead: 1 },
  }),
  cancelled: () => ({ state: STATE.cancelled, due: 0, receipt: null, error: null, counts: { cancelled: 1 } }),
};

/** `tried`: the delivery has attempts, including the one of this settlement. */
export function updateOf(settlement: Settlement, tried: boolean): SettlementUpdate {
  const update = UPDATES[settlement.state] as (settlement: Settlement, tried: boolean) => SettlementUpdate;
  return update(settlement, tried);
}

export function madeBy(settlement: Settlement): Partial<AttemptMade> {
  return settlement.state === 'cancelled' ? {} : settlement;
}

/** Writes the row. A delivery that succeeds at its first attempt does not read the row's earlier attempts. */
export function writeUpdate(
  writes: Writes,
  seq: number,
  update: SettlementUpdate,
  { attempt, exchange }: Partial<AttemptMade>,
  triedBefore: boolean,
): void {
  if (exchange !== undefined) writes.add('exchange', seq, JSON.stringify(exchange));
  if (update.state === STATE.delivered && !triedBefore) {
    writes.add('delivered', seq, attempt === undefined ? '[]' : `[${JSON.stringify(attempt)}]`, update.receipt);
    return;
  }
  const added = attempt === undefined ? null : JSON.stringify(attempt);
  writes.add('settle', seq, added, update.state, update.due, update.receipt, update.error);
  if (update.state > STATE.delivered) writes.add('endedOtherwise', seq);
}

/** Writes the end of a dead delivery that a person has resent or dropped. */
export function writeResolved(
  writes: Writes,
  { seq, stored }: { readonly seq: number; readonly stored: Pick<StoredDelivery, 'delivery'> },
  end: Parameters<DeliveryStore['resolveDead']>[1],
): void {
  const delivered = end.state === 'delivered' ? end : undefined;
  if (delivered?.exchange !== undefined) writes.add('exchange', seq, JSON.stringify(delivered.exchange));
  writes.add(
    'resolveDead',
    seq,
    delivered === undefined ? null : JSON.stringify(attemptOf(delivered, stored.delivery.channel)),
    STATE[end.state],
    delivered === undefined ? null : JSON.stringify(delivered.receipt),
  );
  writes.add('endedOtherwise', seq);
}

/** The attempt that delivered, with its channel where that is not `own`, the channel of the delivery. */
function attemptOf(
  { attempt, channel }: { readonly attempt: Attempt; readonly channel: string },
  own: string,
): Attempt {
  return channel === own ? attempt : { ...attempt, channel };
}
