import { NONE, type Slots, longer } from './slots.ts';

/**
 * The slots of one channel by time, earliest first, then in order of arrival: a binary heap in which each slot knows its
 * place, so that one can be taken out of the middle. `column` says which time counts.
 */
export class DueQueue {
  readonly #slots: Slots;
  readonly #column: 'due' | 'expires';
  readonly #place: 'dueAt' | 'expiryAt';
  #heap = new Int32Array(16);
  #size = 0;

  constructor(slots: Slots, column: 'due' | 'expires') {
    this.#slots = slots;
    this.#column = column;
    this.#place = column === 'due' ? 'dueAt' : 'expiryAt';
  }

  get size(): number {
    return this.#size;
  }

  /** The earliest slot, or NONE. */
  first(): number {
    return this.#size === 0 ? NONE : this.#heap[0]!;
  }

  has(slot: number): boolean {
    return this.#placeOf(slot) !== NONE;
  }

  add(slot: number): void {
    if (this.has(slot)) return;
    if (this.#size === this.#heap.length) this.#heap = longer(this.#heap, new Int32Array(this.#size * 2));
    this.#size += 1;
    this.#rise(slot, this.#size - 1);
  }

  /** Does nothing when the slot is not in. */
  remove(slot: number): void {
    const place = this.#placeOf(slot);
    if (place === NONE) return;
    this.#slots[this.#place][slot] = NONE;
    this.#size -= 1;
    if (place === this.#size) return;
    const last = this.#heap[this.#size]!;
    if (place > 0 && this.#isBefore(last, this.#heap[(place - 1) >> 1]!)) this.#rise(last, place);
    else this.#sink(last, place);
  }

  clear(): void {
    for (let place = 0; place < this.#size; place += 1) this.#slots[this.#place][this.#heap[place]!] = NONE;
    this.#size = 0;
  }

  /** A column that is empty holds nobody. */
  #placeOf(slot: number): number {
    const places = this.#slots[this.#place];
    return places.length === 0 ? NONE : places[slot]!;
  }

  #rise(slot: number, from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!this.#isBefore(slot, this.#heap[parent]!)) break;
      this.#put(this.#heap[parent]!, place);
      place = parent;
    }
    this.#put(slot, place);
  }

  #sink(slot: number, from: number): void {
    let place = from;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= this.#size) break;
      if (child + 1 < this.#size && this.#isBefore(this.#heap[child + 1]!, this.#heap[child]!)) child += 1;
      if (!this.#isBefore(this.#heap[child]!, slot)) break;
      this.#put(this.#heap[child]!, place);
      place = child;
    }
    this.#put(slot, place);
  }

  #put(slot: number, place: number): void {
    this.#heap[place] = slot;
    this.#slots[this.#place][slot] = place;
  }

  #isBefore(left: number, right: number): boolean {
    const times = this.#slots[this.#column];
    const earlier = times[left]!;
    const later = times[right]!;
    return earlier < later || (earlier === later && this.#slots.seq[left]! < this.#slots.seq[right]!);
  }
}
