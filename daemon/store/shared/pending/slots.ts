/** Stands for no slot in all links and results. */
export const NONE = -1;

/** State bits of a slot. A `follower` waits for an earlier delivery of its key (order by key). */
export const FLAG = { claimed: 1, awaiting: 2, tried: 4, follower: 8 } as const;

const FIRST_CAPACITY = 1024;

/**
 * Column store of the pending index: a delivery is one slot in arrays of numbers, about 50 bytes. The arrays double when they are
 * full; the columns for expiry and for order by key (20 bytes more) are allocated when the first slot needs them.
 */
export class Slots {
  seq = new Float64Array(FIRST_CAPACITY);
  /** Due time in milliseconds; while a receipt is awaited, the expiry of the delivery. */
  due = new Float64Array(FIRST_CAPACITY);
  /** Expiry in milliseconds, or Infinity; while a receipt is awaited, the end of that wait. Empty until the first expiry, like `expiryAt`. */
  expires = new Float64Array(0);
  keyHash = new Float64Array(FIRST_CAPACITY);
  idHash = new Uint32Array(FIRST_CAPACITY);
  channel = new Uint32Array(FIRST_CAPACITY);
  flags = new Uint8Array(FIRST_CAPACITY);
  /** Position in the channel's due queue or NONE; `expiryAt` is that in its expiry queue. */
  dueAt = new Int32Array(FIRST_CAPACITY);
  expiryAt = new Int32Array(0);
  /** Doubly linked list of the channel's deliveries in order of creation. `after` also links the free slots. */
  before = new Int32Array(FIRST_CAPACITY);
  after = new Int32Array(FIRST_CAPACITY);
  /** Linked list of the deliveries of one key in order of creation; `keyBefore` of the first one is the last one. Empty until `linkKeys`. */
  keyBefore = new Int32Array(0);
  keyAfter = new Int32Array(0);
  #used = 0;
  #firstFree = NONE;

  allocate(): number {
    const slot = this.#firstFree === NONE ? this.#next() : this.#firstFree;
    if (slot === this.#firstFree) this.#firstFree = this.after[slot]!;
    this.flags[slot] = 0;
    // Writing to an empty column does nothing.
    for (const links of [this.dueAt, this.expiryAt, this.before, this.after, this.keyBefore, this.keyAfter])
      links[slot] = NONE;
    return slot;
  }

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

  /** Allocates the columns for order by key. */
  linkKeys(): void {
    const { length } = this.seq;
    if (this.keyBefore.length === 0) this.keyBefore = new Int32Array(length).fill(NONE);
    if (this.keyAfter.length === 0) this.keyAfter = new Int32Array(length).fill(NONE);
  }

  free(slot: number): void {
    this.after[slot] = this.#firstFree;
    this.#firstFree = slot;
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
    this.seq = grown(this.seq, new Float64Array(capacity));
    this.due = grown(this.due, new Float64Array(capacity));
    this.keyHash = grown(this.keyHash, new Float64Array(capacity));
    this.idHash = grown(this.idHash, new Uint32Array(capacity));
    this.channel = grown(this.channel, new Uint32Array(capacity));
    this.flags = grown(this.flags, new Uint8Array(capacity));
    this.dueAt = grown(this.dueAt, new Int32Array(capacity));
    this.before = grown(this.before, new Int32Array(capacity));
    this.after = grown(this.after, new Int32Array(capacity));
    if (this.expires.length > 0) {
      this.expires = grown(this.expires, new Float64Array(capacity));
      this.expiryAt = grown(this.expiryAt, new Int32Array(capacity));
    }
    if (this.keyBefore.length > 0) {
      this.keyBefore = grown(this.keyBefore, new Int32Array(capacity));
      this.keyAfter = grown(this.keyAfter, new Int32Array(capacity));
    }
  }
}

/** Copies a column into a longer one. */
export function grown<T extends Float64Array | Int32Array | Uint32Array | Uint8Array>(old: T, fresh: T): T {
  fresh.set(old);
  return fresh;
}

const FIRST_TABLE_SIZE = 1024;

/**
 * Hash table from a number to the slot that holds it: open addressing over slot numbers, 4 to 16 bytes an entry. The keys stay in
 * the columns. A Map takes 63 MB more with a million pending deliveries, and twice that while it grows.
 */
export class SlotIndex {
  readonly #keyOf: (slot: number) => number;
  /** Slot + 1; 0 is empty. The length is a power of two. */
  #table = new Int32Array(FIRST_TABLE_SIZE);
  #size = 0;

  constructor(keyOf: (slot: number) => number) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#size;
  }

  /** Slot with this key, or NONE. */
  get(key: number): number {
    return this.#table[this.#find(key)]! - 1;
  }

  /** Adds a slot, or replaces the one with the same key. */
  set(slot: number): void {
    const position = this.#find(this.#keyOf(slot));
    const isNew = this.#table[position] === 0;
    this.#table[position] = slot + 1;
    if (!isNew) return;
    this.#size += 1;
    if (this.#size * 2 > this.#table.length) this.#grow();
  }

  /** Removes a key, and moves entries behind it forward so that no search ends too early. */
  delete(key: number): void {
    let gap = this.#find(key);
    if (this.#table[gap] === 0) return;
    this.#size -= 1;
    const mask = this.#table.length - 1;
    for (let position = (gap + 1) & mask; this.#table[position] !== 0; position = (position + 1) & mask) {
      const home = this.#home(this.#keyOf(this.#table[position]! - 1));
      if (((position - home) & mask) < ((position - gap) & mask)) continue;
      this.#table[gap] = this.#table[position]!;
      gap = position;
    }
    this.#table[gap] = 0;
  }

  /** Position of the key, or the empty one where it belongs. */
  #find(key: number): number {
    const mask = this.#table.length - 1;
    let position = this.#home(key);
    while (this.#table[position] !== 0 && this.#keyOf(this.#table[position]! - 1) !== key)
      position = (position + 1) & mask;
    return position;
  }

  #home(key: number): number {
    const mixed = Math.imul((key % 4294967296) ^ (key / 4294967296), 0x9e3779b1);
    return ((mixed ^ (mixed >>> 15)) >>> 0) & (this.#table.length - 1);
  }

  #grow(): void {
    const old = this.#table;
    this.#table = new Int32Array(old.length * 2);
    for (const entry of old) if (entry !== 0) this.#table[this.#find(this.#keyOf(entry - 1))] = entry;
  }
}
