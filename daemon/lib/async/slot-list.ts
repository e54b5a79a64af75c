/**
 * A set for entries that are added and removed with every event. V8 links the tables that a Map or Set outgrows: once one of them
 * is old, it keeps alive everything that the later ones held until the next full collection. An array of slots does not.
 */
export class SlotList<T> {
  readonly #slots: (T | undefined)[] = [];
  readonly #free: number[] = [];

  /** Returns the slot of the entry, by which it is removed. */
  add(entry: T): number {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = entry;
    return slot;
  }

  remove(slot: number): void {
    if (this.#slots[slot] === undefined) return;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
  }

  entries(): readonly T[] {
    return this.#slots.filter((entry) => entry !== undefined);
  }
}
