import type { Attempt } from '../../../core/delivery/delivery.ts';
import type { Writes } from './commit.ts';
import type { CounterChange } from './counters.ts';
import type { ChannelQueue } from '../pending/channel-queue.ts';
import { STATE } from '../engine/schema.ts';
import type { Settlement } from '../../store.ts';

/** A settlement as a change of the row, of the counters and of memory. */
export interface Change {
  readonly state: number;
  readonly due: number;
  readonly receipt: string | null;
  readonly error: string | null;
  readonly counts: CounterChange;
  /** What becomes of the slot; undefined: it has ended. */
  readonly move?: (queue: ChannelQueue, slot: number) => void;
}

type Of<S extends Settlement['state']> = Extract<Settlement, { readonly state: S }>;

const CHANGES: { readonly [S in Settlement['state']]: (settlement: Of<S>, tried: boolean) => Change } = {
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

/** `tried`: the delivery has attempts, this settlement's included. */
export function changeOf(settlement: Settlement, tried: boolean): Change {
  const change = CHANGES[settlement.state] as (settlement: Settlement, tried: boolean) => Change;
  return change(settlement, tried);
}

export function attemptOf(settlement: Settlement): Attempt | undefined {
  return 'attempt' in settlement ? settlement.attempt : undefined;
}

/** A first attempt is written without looking at the row's earlier ones. */
export function writeChange(
  writes: Writes,
  seq: number,
  change: Change,
  attempt: Attempt | undefined,
  triedBefore: boolean,
): void {
  if (change.state === STATE.delivered && !triedBefore) {
    writes.add('delivered', seq, attempt === undefined ? '[]' : `[${JSON.stringify(attempt)}]`, change.receipt);
    return;
  }
  const added = attempt === undefined ? null : JSON.stringify(attempt);
  writes.add('settle', seq, added, change.state, change.due, change.receipt, change.error);
}
