import type { OwedDelivery } from '../../core/flow/decision.ts';
import type { RecentBodies } from './pending/delivery-cache.ts';
import type { Committer, Writes } from './commit/commit.ts';
import { hashOf, type Sequence, seqOfId, shortHashOf } from './engine/keys.ts';
import type { KnownNames } from './events/seen-ids.ts';
import type { Owed, OwedEntry } from './pending/pending-index.ts';
import type { Reader } from './engine/query-client.ts';
import { type DeliveryRow, deliveryOfRow, type EventRow, eventOfRow, writeDelivery } from './engine/rows.ts';
import { NONE } from './pending/slots.ts';
import type { StateCache } from '../states.ts';
import { toColumn } from './engine/text.ts';

/** What the parts of the store share: the way to the disk, and what is kept of it in memory. */
export interface Ledger {
  readonly committer: Committer;
  readonly reader: Reader;
  readonly states: StateCache;
  readonly owed: Owed;
  /** Of events. */
  readonly known: KnownNames;
  /** Ids of owed deliveries that do not carry their row number. */
  readonly names: Map<string, number>;
  readonly recent: RecentBodies;
  readonly bell: Bell;
  readonly eventSeqs: Sequence;
  readonly deliverySeqs: Sequence;
}

/** Tells who listens that a channel has something to claim: once per turn, however much came. */
export class Bell {
  readonly #listeners: ((channel: string) => void)[] = [];
  #rung = new Set<string>();

  listen(listener: (channel: string) => void): void {
    this.#listeners.push(listener);
  }

  ring(channel: string): void {
    if (this.#listeners.length === 0) return;
    if (this.#rung.size === 0) queueMicrotask(() => this.#tell());
    this.#rung.add(channel);
  }

  #tell(): void {
    const channels = this.#rung;
    this.#rung = new Set();
    for (const channel of channels) for (const listener of this.#listeners) listener(channel);
  }
}

/** A delivery that has been written down, and enters memory when the write is on disk. */
export interface NewDelivery {
  readonly entry: OwedEntry;
  readonly owed: OwedDelivery;
  readonly named: boolean;
  /** Length of its stored form. */
  readonly bytes: number;
}

/** The event of a new delivery: its row, and its length when it has just been written. `whole`: it goes with the delivery, because its row may be missing or forgotten before it. */
export interface Cause {
  readonly event: number;
  readonly whole: boolean;
  readonly bytes?: number;
}

/** Gives it a row and writes it. */
export function writeOwed(ledger: Ledger, writes: Writes, owed: OwedDelivery, cause: Cause): NewDelivery {
  const { id, createdAt } = owed.delivery;
  const { seq, named } = ledger.deliverySeqs.place(id, createdAt, true);
  const { entry, bytes } = writeDelivery(writes, owed, { seq, named, event: cause.event, whole: cause.whole });
  return { entry, owed, named, bytes: bytes + (cause.bytes ?? 0) };
}

export function enterMemory(ledger: Ledger, { entry, owed, named, bytes }: NewDelivery): void {
  ledger.owed.add(entry);
  if (named) ledger.names.set(owed.delivery.id, entry.seq);
  ledger.recent.add(entry.seq, owed.delivery, bytes, ledger.owed.queue(entry.channel)!.size);
  ledger.bell.ring(entry.channel);
}

/** The slot of a delivery that is owed, by its id, or NONE. */
export function slotOf(ledger: Ledger, id: string): number {
  const named = ledger.names.get(id);
  if (named !== undefined) return ledger.owed.slotOf(named);
  const seq = seqOfId(id);
  const slot = seq === undefined ? NONE : ledger.owed.slotOf(seq);
  return slot !== NONE && ledger.owed.slots.idHash[slot] === shortHashOf(id) ? slot : NONE;
}

export async function findDelivery({ reader }: Ledger, id: string): Promise<DeliveryRow | undefined> {
  const seq = seqOfId(id);
  const [direct, named] = await Promise.all([
    seq === undefined ? [] : reader.rows('deliveryAt', seq),
    reader.rows('deliveryNamed', toColumn(id)),
  ]);
  return [...direct, ...named].map(deliveryOfRow).find(({ stored }) => stored.delivery.id === id);
}

/** The latest event with this id; with `source`, only one from there. */
export async function findEvent({ reader }: Ledger, id: string, source?: string): Promise<EventRow | undefined> {
  const seq = seqOfId(id);
  const [direct, named] = await Promise.all([
    seq === undefined ? [] : reader.rows('eventAt', seq),
    source === undefined
      ? reader.rows('eventsNamed', hashOf(id))
      : reader.rows('eventsOfSource', hashOf(id), hashOf(source)),
  ]);
  return [...direct, ...named]
    .map(eventOfRow)
    .find(({ event }) => event.id === id && (source === undefined || event.source === source));
}
