import { ChannelQueue } from './channel-queue.ts';
import { timeOfSeq } from '../engine/keys.ts';
import { SlotIndex } from './slot-index.ts';
import { FLAG, NONE, Slots } from './slots.ts';

/** A delivery as it enters memory. */
export interface OwedEntry {
  readonly seq: number;
  readonly channel: string;
  readonly due: number;
  readonly expires: number;
  readonly keyHash: number;
  readonly idHash: number;
  readonly tried: boolean;
  /** Handed over; `due` is until when its receipt is awaited. */
  readonly awaiting: boolean;
}

/** Everything that is owed, by channel and time. Numbers only: the messages stay on disk. */
export class Owed {
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

  queues(): readonly ChannelQueue[] {
    return this.#queues.filter((queue) => queue.size > 0);
  }

  /** Entries come with rising `seq`. */
  add(entry: OwedEntry): void {
    const { slots } = this;
    const queue = this.#queueFor(entry.channel);
    const slot = slots.take();
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

  /** The slot of a delivery that is owed, or NONE. */
  slotOf(seq: number): number {
    return this.#bySeq.get(seq);
  }

  queueOf(slot: number): ChannelQueue {
    return this.#queues[this.slots.channel[slot]!]!;
  }

  /** It has ended. */
  remove(slot: number): void {
    this.queueOf(slot).remove(slot);
    this.#bySeq.delete(this.slots.seq[slot]!);
    this.slots.give(slot);
  }

  /** When the earliest arrival that a queue still owes came in. */
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
