const FIRST_CAPACITY = 1024;

/** Finds a slot by a number that it holds: open addressing over slot numbers, 4 to 16 bytes an entry. */
export class SlotIndex {
  readonly #keyOf: (slot: number) => number;
  /** Slot + 1; 0 is empty. The length is a power of two. */
  #table = new Int32Array(FIRST_CAPACITY);
  #size = 0;

  constructor(keyOf: (slot: number) => number) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#size;
  }

  /** The slot that holds `key`, or NONE. */
  get(key: number): number {
    return this.#table[this.#find(key)]! - 1;
  }

  /** Takes the place of a slot with the same key. */
  set(slot: number): void {
    const place = this.#find(this.#keyOf(slot));
    const isNew = this.#table[place] === 0;
    this.#table[place] = slot + 1;
    if (!isNew) return;
    this.#size += 1;
    if (this.#size * 2 > this.#table.length) this.#grow();
  }

  delete(key: number): void {
    let gap = this.#find(key);
    if (this.#table[gap] === 0) return;
    this.#size -= 1;
    const mask = this.#table.length - 1;
    for (let place = (gap + 1) & mask; this.#table[place] !== 0; place = (place + 1) & mask) {
      const home = this.#home(this.#keyOf(this.#table[place]! - 1));
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      this.#table[gap] = this.#table[place]!;
      gap = place;
    }
    this.#table[gap] = 0;
  }

  /** The place that holds the key, or the empty one where it would go. */
  #find(key: number): number {
    const mask = this.#table.length - 1;
    let place = this.#home(key);
    while (this.#table[place] !== 0 && this.#keyOf(this.#table[place]! - 1) !== key) place = (place + 1) & mask;
    return place;
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
