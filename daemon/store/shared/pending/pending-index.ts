import { timeOfSeq } from '../keys.ts';
import { ChannelQueue } from './channel-queue.ts';
import { FLAG, NONE, SlotIndex, Slots } from './slots.ts';

/** A delivery as kept in the pending index. */
export interface PendingEntry {
  /** Row number. */
  readonly seq: number;
  readonly channel: string;
  /** Milliseconds since the epoch, as `expires`. */
  readonly due: number;
  readonly expires: number;
  readonly keyHash: number;
  readonly idHash: number;
  /** The delivery has attempts. */
  readonly tried: boolean;
  /** Sent; its receipt is awaited until `due`. */
  readonly awaiting: boolean;
}

/**
 * All deliveries that are not final, by channel and time. Messages stay on disk, only numbers are kept: about 70 bytes a
 * delivery instead of 220 as objects, so that a million pending deliveries stay below the goal of 250 MB for the daemon.
 */
export class PendingIndex {
  readonly slots = new Slots();
  readonly #bySeq = new SlotIndex((slot) => this.slots.seq[slot]!);
  readonly #queues: ChannelQueue[] = [];
  readonly #byChannel = new Map<string, ChannelQueue>();

  get size(): number {
    return this.#bySeq.size;
  }

  queue(channel: string): ChannelQueue | undefined {
    return this.#byChannel.get(channel);
  }

  /** Queues of channels with deliveries. */
  queues(): readonly ChannelQueue[] {
    return this.#queues.filter((queue) => queue.size > 0);
  }

  /** Adds an entry if it is not here; `seq` must be higher than that of all earlier entries. */
  add(entry: PendingEntry): void {
    if (this.slotOf(entry.seq) !== NONE) return;
    const { slots } = this;
    const queue = this.#queueFor(entry.channel);
    const slot = slots.allocate();
    slots.seq[slot] = entry.seq;
    slots.due[slot] = entry.due;
    slots.setExpiry(slot, entry.expires);
    slots.keyHash[slot] = entry.keyHash;
    slots.idHash[slot] = entry.idHash;
    slots.channel[slot] = queue.number;
    slots.set(slot, FLAG.tried, entry.tried);
    this.#bySeq.set(slot);
    queue.add(slot);
    if (entry.awaiting) queue.await(slot, entry.due);
  }

  /** Adds entries in any order, such as those of another instance. Entries that are here keep their claims. */
  merge(entries: readonly PendingEntry[]): void {
    const all = [...this.#entries(), ...entries.map((entry) => ({ entry, claimed: false }))];
    all.sort((a, b) => a.entry.seq - b.entry.seq);
    const ordered = new Set(this.#queues.filter((queue) => queue.isOrdered).map(({ channel }) => channel));
    this.clear();
    for (const { entry, claimed } of all) {
      if (this.slotOf(entry.seq) !== NONE) continue;
      this.add(entry);
      if (claimed) this.queueOf(this.slotOf(entry.seq)).reclaim(this.slotOf(entry.seq));
    }
    for (const channel of ordered) this.queue(channel)?.order();
  }

  /** Removes everything. */
  clear(): void {
    for (const queue of this.#queues) for (let slot = queue.first; slot !== NONE; slot = queue.first) this.remove(slot);
  }

  *#entries(): Iterable<{ readonly entry: PendingEntry; readonly claimed: boolean }> {
    const { slots } = this;
    for (const queue of this.#queues)
      for (let slot = queue.first; slot !== NONE; slot = slots.after[slot]!) {
        const awaiting = slots.has(slot, FLAG.awaiting);
        const expires = awaiting ? slots.due[slot]! : slots.expiryOf(slot);
        const entry: PendingEntry = {
          seq: slots.seq[slot]!,
          channel: queue.channel,
          due: awaiting ? slots.expiryOf(slot) : slots.due[slot]!,
          expires,
          keyHash: slots.keyHash[slot]!,
          idHash: slots.idHash[slot]!,
          tried: slots.has(slot, FLAG.tried),
          awaiting,
        };
        yield { entry, claimed: slots.has(slot, FLAG.claimed) };
      }
  }

  /** Slot of a delivery by its row number; NONE when it is not here. */
  slotOf(seq: number): number {
    return this.#bySeq.get(seq);
  }

  /** Row numbers of the deliveries that are claimed. */
  claimed(): number[] {
    return this.#queues.flatMap((queue) => queue.claimed().map((slot) => this.slots.seq[slot]!));
  }

  queueOf(slot: number): ChannelQueue {
    return this.#queues[this.slots.channel[slot]!]!;
  }

  /** Removes a delivery that is final. */
  remove(slot: number): void {
    this.queueOf(slot).remove(slot);
    this.#bySeq.delete(this.slots.seq[slot]!);
    this.slots.free(slot);
  }

  /** Time of creation of the oldest delivery in a queue, in milliseconds since the epoch. */
  oldest(queue: ChannelQueue): number | undefined {
    return queue.first === NONE ? undefined : timeOfSeq(this.slots.seq[queue.first]!);
  }

  #queueFor(channel: string): ChannelQueue {
    const known = this.#byChannel.get(channel);
    if (known !== undefined) return known;
    const queue = new ChannelQueue(channel, this.#queues.length, this.slots);
    this.#queues.push(queue);
    this.#byChannel.set(channel, queue);
    return queue;
  }
}
