import type { Delivery } from '../../core/delivery/delivery.ts';
import type { NewDelivery } from '../../core/flow/decision.ts';
import type { StateCache } from '../states.ts';
import type { Commits, Queries, Writes } from './writes.ts';
import { hashOf, seqOfId, type Sequence, shortHashOf, toColumn } from './keys.ts';
import { deliveryOfRow, type DeliveryRow, eventOfRow, type EventRow, writeDelivery } from './rows.ts';
import type { DeliveryCache } from './pending/delivery-cache.ts';
import type { PendingEntry, PendingIndex } from './pending/pending-index.ts';
import { NONE } from './pending/slots.ts';

/** State that the parts of the store share: access to the disk, and the data in memory. */
export interface StoreContext {
  readonly committer: Commits;
  readonly queries: Queries;
  readonly states: StateCache;
  readonly pending: PendingIndex;
  /** Row numbers of deliveries in the pending index whose ids do not contain them. */
  readonly seqById: Map<string, number>;
  readonly deliveryCache: DeliveryCache;
  readonly ready: ReadySignal;
  readonly eventSeqs: Sequence;
  readonly deliverySeqs: Sequence;
}

/** Notifies listeners of channels that have deliveries to claim, once per channel and turn of the event loop. */
export class ReadySignal {
  readonly #listeners: ((channel: string) => void)[] = [];
  #channels = new Set<string>();

  subscribe(listener: (channel: string) => void): void {
    this.#listeners.push(listener);
  }

  notify(channel: string): void {
    if (this.#listeners.length === 0) return;
    if (this.#channels.size === 0) queueMicrotask(() => this.#send());
    this.#channels.add(channel);
  }

  #send(): void {
    const channels = this.#channels;
    this.#channels = new Set();
    for (const channel of channels) for (const listener of this.#listeners) listener(channel);
  }
}

/** A delivery whose writes are prepared. It is added to the pending index once they are on disk. */
export interface PreparedDelivery {
  readonly entry: PendingEntry;
  readonly delivery: Delivery;
  /** Its row number is not contained in its id, so the id is stored in `delivery_names`. */
  readonly named: boolean;
  /** Characters of its stored form. */
  readonly bytes: number;
}

/** The event of a new delivery. */
export interface EventRef {
  /** Row number; 0: none. */
  readonly event: number;
  /** The event is stored with the delivery too, because its row may be missing or deleted before the delivery. */
  readonly whole: boolean;
  /** Characters of the event when it is written in the same transaction. */
  readonly bytes?: number;
}

/** Assigns a row number to a new delivery and writes it. */
export function writeNewDelivery(
  context: StoreContext,
  writes: Writes,
  created: NewDelivery,
  ref: EventRef,
): PreparedDelivery {
  const { delivery } = created;
  const { seq, named } = context.deliverySeqs.assign(delivery.id, delivery.createdAt, true);
  const { entry, bytes } = writeDelivery(writes, created, { seq, named, event: ref.event, whole: ref.whole });
  return { entry, delivery, named, bytes: bytes + (ref.bytes ?? 0) };
}

/** Makes a committed delivery claimable. */
export function addToMemory(context: StoreContext, { entry, delivery, named, bytes }: PreparedDelivery): void {
  context.pending.add(entry);
  if (named) context.seqById.set(delivery.id, entry.seq);
  context.deliveryCache.add(entry.seq, delivery, bytes, context.pending.queue(entry.channel)!.size);
  context.ready.notify(entry.channel);
}

/** Slot of a delivery in the pending index, by its id; NONE when it is not there. */
export function slotOf(context: StoreContext, id: string): number {
  const named = context.seqById.get(id);
  if (named !== undefined) return context.pending.slotOf(named);
  const seq = seqOfId(id);
  const slot = seq === undefined ? NONE : context.pending.slotOf(seq);
  return slot !== NONE && context.pending.slots.idHash[slot] === shortHashOf(id) ? slot : NONE;
}

export async function findDelivery({ queries }: StoreContext, id: string): Promise<DeliveryRow | undefined> {
  const seq = seqOfId(id);
  const [direct, named] = await Promise.all([
    seq === undefined ? [] : queries.rows('deliveryAt', seq),
    queries.rows('deliveryNamed', toColumn(id)),
  ]);
  return [...direct, ...named].map(deliveryOfRow).find(({ stored }) => stored.delivery.id === id);
}

/** The latest event with an id, from `source` or from any source. */
export async function findEvent({ queries }: StoreContext, id: string, source?: string): Promise<EventRow | undefined> {
  const seq = seqOfId(id);
  const [direct, named] = await Promise.all([
    seq === undefined ? [] : queries.rows('eventAt', seq),
    source === undefined
      ? queries.rows('eventsNamed', hashOf(id))
      : queries.rows('eventsOfSource', hashOf(id), hashOf(source)),
  ]);
  return [...direct, ...named]
    .map(eventOfRow)
    .find(({ event }) => event.id === id && (source === undefined || event.source === source));
}
