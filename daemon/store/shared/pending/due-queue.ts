import { grown, NONE, type Slots } from './slots.ts';

/**
 * Min-heap of the slots of one channel, by the time in `column` and then by row number. Each slot stores its position in the heap,
 * so that it can be removed from the middle.
 */
export class DueQueue {
  readonly #slots: Slots;
  readonly #column: 'due' | 'expires';
  readonly #positions: 'dueAt' | 'expiryAt';
  #heap = new Int32Array(16);
  #size = 0;

  constructor(slots: Slots, column: 'due' | 'expires') {
    this.#slots = slots;
    this.#column = column;
    this.#positions = column === 'due' ? 'dueAt' : 'expiryAt';
  }

  get size(): number {
    return this.#size;
  }

  /** The earliest slot, or NONE. */
  first(): number {
    return this.#size === 0 ? NONE : this.#heap[0]!;
  }

  has(slot: number): boolean {
    return this.#positionOf(slot) !== NONE;
  }

  add(slot: number): void {
    if (this.has(slot)) return;
    if (this.#size === this.#heap.length) this.#heap = grown(this.#heap, new Int32Array(this.#size * 2));
    this.#size += 1;
    this.#siftUp(slot, this.#size - 1);
  }

  /** Does nothing when the slot is not in the queue. */
  remove(slot: number): void {
    const position = this.#positionOf(slot);
    if (position === NONE) return;
    this.#slots[this.#positions][slot] = NONE;
    this.#size -= 1;
    if (position === this.#size) return;
    const last = this.#heap[this.#size]!;
    if (position > 0 && this.#isBefore(last, this.#heap[(position - 1) >> 1]!)) this.#siftUp(last, position);
    else this.#siftDown(last, position);
  }

  clear(): void {
    for (let position = 0; position < this.#size; position += 1)
      this.#slots[this.#positions][this.#heap[position]!] = NONE;
    this.#size = 0;
  }

  /** Position of a slot or NONE. The column is empty until the first expiry. */
  #positionOf(slot: number): number {
    const positions = this.#slots[this.#positions];
    return positions.length === 0 ? NONE : positions[slot]!;
  }

  #siftUp(slot: number, from: number): void {
    let position = from;
    while (position > 0) {
      const parent = (position - 1) >> 1;
      if (!this.#isBefore(slot, this.#heap[parent]!)) break;
      this.#put(this.#heap[parent]!, position);
      position = parent;
    }
    this.#put(slot, position);
  }

  #siftDown(slot: number, from: number): void {
    let position = from;
    for (;;) {
      let child = 2 * position + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child += 1;
      if (!this.#isBefore(this.#heap[child]!, slot)) break;
      this.#put(this.#heap[child]!, position);
      position = child;
    }
    this.#put(slot, position);
  }

  #put(slot: number, position: number): void {
    this.#heap[position] = slot;
    this.#slots[this.#positions][slot] = position;
  }

  #isBefore(left: number, right: number): boolean {
    const times = this.#slots[this.#column];
    const earlier = times[left]!;
    const later = times[right]!;
    return earlier < later || (earlier === later && this.#slots.seq[left]! < this.#slots.seq[right]!);
  }
}
