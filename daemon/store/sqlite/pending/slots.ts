/** No slot. */
export const NONE = -1;

export const FLAG = { claimed: 1, awaiting: 2, tried: 4, follower: 8 } as const;

const FIRST_CAPACITY = 1024;

/**
 * What is remembered of every owed delivery: one slot in columns of numbers, about 50 bytes whatever the message holds, so
 * that a backlog of a million stays below 70 MB. Growing leaves room that costs nothing until it is used, and the columns for
 * what expires and for order by key, 20 bytes more, are made when the first slot needs them.
 */
export class Slots {
  seq = new Float64Array(FIRST_CAPACITY);
  /** Milliseconds: when to send; while a receipt is awaited, until when. */
  due = new Float64Array(FIRST_CAPACITY);
  /** Milliseconds; Infinity: never. Empty, as `expiryAt` is, until anything expires. */
  expires = new Float64Array(0);
  keyHash = new Float64Array(FIRST_CAPACITY);
  idHash = new Uint32Array(FIRST_CAPACITY);
  channel = new Uint32Array(FIRST_CAPACITY);
  flags = new Uint8Array(FIRST_CAPACITY);
  /** Position in the channel's due queue, or NONE; the same for its expiry queue. */
  dueAt = new Int32Array(FIRST_CAPACITY);
  expiryAt = new Int32Array(0);
  /** The channel's deliveries in order of arrival. `after` also chains the free slots. */
  before = new Int32Array(FIRST_CAPACITY);
  after = new Int32Array(FIRST_CAPACITY);
  /** The deliveries of one key in order of arrival; the first one's `keyBefore` is the last. Empty until `linkKeys`. */
  keyBefore = new Int32Array(0);
  keyAfter = new Int32Array(0);
  #used = 0;
  #free = NONE;

  take(): number {
    const slot = this.#free === NONE ? this.#next() : this.#free;
    if (slot === this.#free) this.#free = this.after[slot]!;
    this.flags[slot] = 0;
    // In a column that is empty it goes nowhere.
    for (const links of [this.dueAt, this.expiryAt, this.before, this.after, this.keyBefore, this.keyAfter])
      links[slot] = NONE;
    return slot;
  }

  /** Infinity: never. */
  expiryOf(slot: number): number {
    return this.expires.length === 0 ? Number.POSITIVE_INFINITY : this.expires[slot]!;
  }

  setExpiry(slot: number, at: number): void {
    const { length } = this.seq;
    if (this.expires.length === 0 && at === Number.POSITIVE_INFINITY) return;
    if (this.expires.length === 0) this.expires = new Float64Array(length).fill(Number.POSITIVE_INFINITY);
    if (this.expiryAt.length === 0) this.expiryAt = new Int32Array(length).fill(NONE);
    this.expires[slot] = at;
  }

  /** A channel keeps to the order by key from now on. */
  linkKeys(): void {
    const { length } = this.seq;
    if (this.keyBefore.length === 0) this.keyBefore = new Int32Array(length).fill(NONE);
    if (this.keyAfter.length === 0) this.keyAfter = new Int32Array(length).fill(NONE);
  }

  give(slot: number): void {
    this.after[slot] = this.#free;
    this.#free = slot;
  }

  has(slot: number, flag: number): boolean {
    return (this.flags[slot]! & flag) !== 0;
  }

  set(slot: number, flag: number, on: boolean): void {
    this.flags[slot] = on ? this.flags[slot]! | flag : this.flags[slot]! & ~flag;
  }

  #next(): number {
    if (this.#used === this.seq.length) this.#grow(this.seq.length * 2);
    this.#used += 1;
    return this.#used - 1;
  }

  #grow(capacity: number): void {
    this.seq = longer(this.seq, new Float64Array(capacity));
    this.due = longer(this.due, new Float64Array(capacity));
    this.keyHash = longer(this.keyHash, new Float64Array(capacity));
    this.idHash = longer(this.idHash, new Uint32Array(capacity));
    this.channel = longer(this.channel, new Uint32Array(capacity));
    this.flags = longer(this.flags, new Uint8Array(capacity));
    this.dueAt = longer(this.dueAt, new Int32Array(capacity));
    this.before = longer(this.before, new Int32Array(capacity));
    this.after = longer(this.after, new Int32Array(capacity));
    if (this.expires.length > 0) {
      this.expires = longer(this.expires, new Float64Array(capacity));
      this.expiryAt = longer(this.expiryAt, new Int32Array(capacity));
    }
    if (this.keyBefore.length > 0) {
      this.keyBefore = longer(this.keyBefore, new Int32Array(capacity));
      this.keyAfter = longer(this.keyAfter, new Int32Array(capacity));
    }
  }
}

export function longer<T extends Float64Array | Int32Array | Uint32Array | Uint8Array>(old: T, fresh: T): T {
  fresh.set(old);
  return fresh;
}
