import { DueQueue } from './due-queue.ts';
import { FLAG, NONE, SlotIndex, type Slots } from './slots.ts';

/** Pending deliveries of one channel: by due time, by expiry, and with order by key, by key. */
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

  /** Number of deliveries that are claimed or await a receipt. */
  get sending(): number {
    return this.#sending;
  }

  /** Slot of the oldest delivery, or NONE. */
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
    if (this.#heads !== undefined) this.#addToKey(slot, this.#heads);
    this.#enqueue(slot);
  }

  /** Claims due deliveries, earliest first; returns their slots. */
  claim(limit: number, now: number, ordered: boolean): number[] {
    if (ordered !== (this.#heads !== undefined)) this.#setOrdered(ordered);
    const { due } = this.#slots;
    return this.#claimFrom(this.#due, limit, (slot) => due[slot]! <= now);
  }

  claimExpired(limit: number, now: number): number[] {
    const { expires } = this.#slots;
    return this.#claimFrom(this.#expiry, limit, (slot) => expires[slot]! <= now);
  }

  /** Claims one delivery, whenever it is due. */
  reclaim(slot: number): void {
    this.#dequeue(slot);
    this.#flag(slot, FLAG.claimed, true);
  }

  get isOrdered(): boolean {
    return this.#heads !== undefined;
  }

  /** Starts order by key. */
  order(): void {
    if (this.#heads === undefined) this.#setOrdered(true);
  }

  release(slot: number): void {
    this.#flag(slot, FLAG.claimed, false);
    this.#enqueue(slot);
  }

  /** Makes a delivery pending again, to be sent at `due`. */
  retry(slot: number, due: number): void {
    this.#dequeue(slot);
    if (this.#slots.has(slot, FLAG.awaiting)) this.#slots.setExpiry(slot, this.#slots.due[slot]!);
    this.#slots.due[slot] = due;
    this.#flag(slot, FLAG.claimed | FLAG.awaiting, false);
    this.#enqueue(slot);
  }

  /** Starts the wait for a receipt until `until`. The expiry of the delivery is kept in `due`, which is unused meanwhile. */
  await(slot: number, until: number): void {
    this.#dequeue(slot);
    if (!this.#slots.has(slot, FLAG.awaiting)) this.#slots.due[slot] = this.#slots.expiryOf(slot);
    this.#slots.setExpiry(slot, until);
    this.#flag(slot, FLAG.claimed, false);
    this.#flag(slot, FLAG.awaiting, true);
    this.#enqueue(slot);
  }

  /** Removes a delivery that is final; the next one of its key can be claimed then. */
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
    if (this.#heads !== undefined) this.#removeFromKey(slot, this.#heads);
  }

  /** Makes deliveries that wait for a retry due now; returns their slots. */
  retryNow(now: number): number[] {
    const { after } = this.#slots;
    const retried: number[] = [];
    for (let slot = this.#first; slot !== NONE; slot = after[slot]!) {
      const waits = this.#slots.has(slot, FLAG.tried) && !this.#slots.has(slot, FLAG.claimed | FLAG.awaiting);
      if (waits && this.makeDue(slot, now)) retried.push(slot);
    }
    return retried;
  }

  /** Makes a delivery that nobody has claimed due now; false if it is due already. */
  makeDue(slot: number, now: number): boolean {
    const { due } = this.#slots;
    if (due[slot]! <= now) return false;
    this.#due.remove(slot);
    due[slot] = now;
    this.#enqueue(slot);
    return true;
  }

  /** Slots of claimed deliveries. These are mostly the oldest ones. */
  claimed(): number[] {
    const slots: number[] = [];
    let left = this.#sending;
    for (let slot = this.#first; slot !== NONE && left > 0; slot = this.#slots.after[slot]!) {
      if (!this.#slots.has(slot, FLAG.claimed | FLAG.awaiting)) continue;
      left -= 1;
      if (this.#slots.has(slot, FLAG.claimed)) slots.push(slot);
    }
    return slots;
  }

  /** Slots of deliveries that wait until after `now` for their first attempt. */
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

  /** Moves a delivery to `due`, and its expiry by the same amount. */
  move(slot: number, due: number): void {
    this.#dequeue(slot);
    const shift = due - this.#slots.due[slot]!;
    this.#slots.setExpiry(slot, this.#slots.expiryOf(slot) + shift);
    this.#slots.due[slot] = due;
    this.#enqueue(slot);
  }

  #claimFrom(queue: DueQueue, limit: number, isDue: (slot: number) => boolean): number[] {
    const claimed: number[] = [];
    while (claimed.length < limit) {
      const slot = queue.first();
      if (slot === NONE || !isDue(slot)) break;
      this.#dequeue(slot);
      this.#flag(slot, FLAG.claimed, true);
      claimed.push(slot);
    }
    return claimed;
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

  /** Starts or ends order by key, when the channel's settings have changed. Visits every delivery of the channel. */
  #setOrdered(ordered: boolean): void {
    const slots = this.#slots;
    this.#due.clear();
    if (ordered) slots.linkKeys();
    this.#heads = ordered ? new SlotIndex((slot) => slots.keyHash[slot]!) : undefined;
    for (let slot = this.#first; slot !== NONE; slot = slots.after[slot]!) {
      slots.set(slot, FLAG.follower, false);
      if (this.#heads !== undefined) this.#addToKey(slot, this.#heads);
      this.#enqueue(slot);
    }
  }

  #addToKey(slot: number, heads: SlotIndex): void {
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

  #removeFromKey(slot: number, heads: SlotIndex): void {
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
