import { DueQueue } from './due-queue.ts';
import { SlotIndex } from './slot-index.ts';
import { FLAG, NONE, type Slots } from './slots.ts';

/** What one channel owes: which is due when, which expires when, and with order by key, which waits for an earlier one of its key. */
export class ChannelQueue {
  readonly channel: string;
  readonly number: number;
  readonly #slots: Slots;
  readonly #due: DueQueue;
  readonly #expiry: DueQueue;
  /** With order by key: the earliest delivery of each key. Only these can be claimed. */
  #heads: SlotIndex | undefined;
  #first = NONE;
  #last = NONE;
  #size = 0;
  #sending = 0;

  constructor(channel: string, number: number, slots: Slots) {
    this.channel = channel;
    this.number = number;
    this.#slots = slots;
    this.#due = new DueQueue(slots, 'due');
    this.#expiry = new DueQueue(slots, 'expires');
  }

  get size(): number {
    return this.#size;
  }

  /** How many are claimed, or await a receipt. */
  get sending(): number {
    return this.#sending;
  }

  /** The earliest arrival, or NONE. */
  get first(): number {
    return this.#first;
  }

  get nextDue(): number | undefined {
    const slot = this.#due.first();
    return slot === NONE ? undefined : this.#slots.due[slot];
  }

  get nextExpiry(): number | undefined {
    const slot = this.#expiry.first();
    return slot === NONE ? undefined : this.#slots.expires[slot];
  }

  add(slot: number): void {
    const { before, after } = this.#slots;
    before[slot] = this.#last;
    if (this.#last === NONE) this.#first = slot;
    else after[this.#last] = slot;
    this.#last = slot;
    this.#size += 1;
    if (this.#heads !== undefined) this.#join(slot, this.#heads);
    this.#enqueue(slot);
  }

  /** Slots that are due, earliest first; they are claimed now. */
  claim(limit: number, now: number, ordered: boolean): number[] {
    if (ordered !== (this.#heads !== undefined)) this.#order(ordered);
    const { due } = this.#slots;
    return this.#takeFrom(this.#due, limit, (slot) => due[slot]! <= now);
  }

  claimExpired(limit: number, now: number): number[] {
    const { expires } = this.#slots;
    return this.#takeFrom(this.#expiry, limit, (slot) => expires[slot]! <= now);
  }

  release(slot: number): void {
    this.#flag(slot, FLAG.claimed, false);
    this.#enqueue(slot);
  }

  /** To be sent (again) at `due`. */
  retry(slot: number, due: number): void {
    this.#dequeue(slot);
    if (this.#slots.has(slot, FLAG.awaiting)) this.#slots.setExpiry(slot, this.#slots.due[slot]!);
    this.#slots.due[slot] = due;
    this.#flag(slot, FLAG.claimed | FLAG.awaiting, false);
    this.#enqueue(slot);
  }

  /** Handed over; its receipt is awaited until `until`. What the expiry was is kept in `due`, which has no meaning meanwhile. */
  await(slot: number, until: number): void {
    this.#dequeue(slot);
    if (!this.#slots.has(slot, FLAG.awaiting)) this.#slots.due[slot] = this.#slots.expiryOf(slot);
    this.#slots.setExpiry(slot, until);
    this.#flag(slot, FLAG.claimed, false);
    this.#flag(slot, FLAG.awaiting, true);
    this.#enqueue(slot);
  }

  /** It has ended; the next one of its key may go. */
  remove(slot: number): void {
    this.#dequeue(slot);
    this.#flag(slot, FLAG.claimed | FLAG.awaiting, false);
    const { before, after } = this.#slots;
    const previous = before[slot]!;
    const next = after[slot]!;
    if (previous === NONE) this.#first = next;
    else after[previous] = next;
    if (next === NONE) this.#last = previous;
    else before[next] = previous;
    this.#size -= 1;
    if (this.#heads !== undefined) this.#leave(slot, this.#heads);
  }

  /** Those that wait for a retry become due now; returns their slots. */
  retryNow(now: number): number[] {
    const { due, after } = this.#slots;
    const retried: number[] = [];
    for (let slot = this.#first; slot !== NONE; slot = after[slot]!) {
      const waits = this.#slots.has(slot, FLAG.tried) && !this.#slots.has(slot, FLAG.claimed | FLAG.awaiting);
      if (!waits || due[slot]! <= now) continue;
      this.#due.remove(slot);
      due[slot] = now;
      this.#enqueue(slot);
      retried.push(slot);
    }
    return retried;
  }

  /** Deliveries that wait until after `now` for their first attempt. */
  delayed(now: number): number[] {
    const slots: number[] = [];
    for (let slot = this.#first; slot !== NONE; slot = this.#slots.after[slot]!) {
      if (this.isDelayed(slot, now)) slots.push(slot);
    }
    return slots;
  }

  isDelayed(slot: number, now: number): boolean {
    return this.#slots.due[slot]! > now && !this.#slots.has(slot, FLAG.tried | FLAG.claimed | FLAG.awaiting);
  }

  /** To be sent at `due`, and to expire as much earlier or later. */
  move(slot: number, due: number): void {
    this.#dequeue(slot);
    const shift = due - this.#slots.due[slot]!;
    this.#slots.setExpiry(slot, this.#slots.expiryOf(slot) + shift);
    this.#slots.due[slot] = due;
    this.#enqueue(slot);
  }

  #takeFrom(queue: DueQueue, limit: number, isRipe: (slot: number) => boolean): number[] {
    const taken: number[] = [];
    while (taken.length < limit) {
      const slot = queue.first();
      if (slot === NONE || !isRipe(slot)) break;
      this.#dequeue(slot);
      this.#flag(slot, FLAG.claimed, true);
      taken.push(slot);
    }
    return taken;
  }

  #enqueue(slot: number): void {
    if (this.#slots.has(slot, FLAG.claimed)) return;
    if (this.#slots.expiryOf(slot) !== Number.POSITIVE_INFINITY) this.#expiry.add(slot);
    if (!this.#slots.has(slot, FLAG.awaiting | FLAG.follower)) this.#due.add(slot);
  }

  #dequeue(slot: number): void {
    this.#due.remove(slot);
    this.#expiry.remove(slot);
  }

  #flag(slot: number, flag: number, on: boolean): void {
    const wasSending = this.#slots.has(slot, FLAG.claimed | FLAG.awaiting);
    this.#slots.set(slot, flag, on);
    const isSending = this.#slots.has(slot, FLAG.claimed | FLAG.awaiting);
    this.#sending += Number(isSending) - Number(wasSending);
  }

  /** Begins or ends the order by key; costs a walk over the channel, and happens when its settings change. */
  #order(ordered: boolean): void {
    const slots = this.#slots;
    this.#due.clear();
    if (ordered) slots.linkKeys();
    this.#heads = ordered ? new SlotIndex((slot) => slots.keyHash[slot]!) : undefined;
    for (let slot = this.#first; slot !== NONE; slot = slots.after[slot]!) {
      slots.set(slot, FLAG.follower, false);
      if (this.#heads !== undefined) this.#join(slot, this.#heads);
      this.#enqueue(slot);
    }
  }

  #join(slot: number, heads: SlotIndex): void {
    const { keyBefore, keyAfter, keyHash } = this.#slots;
    keyAfter[slot] = NONE;
    const head = heads.get(keyHash[slot]!);
    if (head === NONE) {
      keyBefore[slot] = slot;
      heads.set(slot);
      return;
    }
    const tail = keyBefore[head]!;
    keyAfter[tail] = slot;
    keyBefore[slot] = tail;
    keyBefore[head] = slot;
    this.#slots.set(slot, FLAG.follower, true);
  }

  #leave(slot: number, heads: SlotIndex): void {
    const { keyBefore, keyAfter, keyHash } = this.#slots;
    const next = keyAfter[slot]!;
    const head = heads.get(keyHash[slot]!);
    if (slot !== head) {
      const previous = keyBefore[slot]!;
      keyAfter[previous] = next;
      keyBefore[next === NONE ? head : next] = previous;
    } else if (next === NONE) {
      heads.delete(keyHash[slot]!);
    } else {
      keyBefore[next] = keyBefore[slot]!;
      heads.set(next);
      this.#slots.set(next, FLAG.follower, false);
      this.#enqueue(next);
    }
  }
}
