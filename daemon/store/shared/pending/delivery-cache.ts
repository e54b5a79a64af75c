import type { Delivery } from '../../../core/delivery/delivery.ts';

interface Entry {
  readonly seq: number;
  readonly bytes: number;
  /** Undefined once it was returned by `take` or removed. */
  delivery: Delivery | undefined;
}

/** Number of empty entries at the front from which on they are cut off. */
const CUT_AT = 1024;

/** Length of a channel's queue above which a delivery is not cached: it is not claimed soon, and would only cost the garbage collector. */
const MAX_QUEUE = 2048;

/**
 * In-memory cache of deliveries that were just committed, so that a claim right after reads nothing from disk. Without it each
 * delivery is a query and a JSON parse: a fifth more CPU per event. The oldest entries are removed first.
 */
export class DeliveryCache {
  readonly #limit: number;
  /** Sorted by row number. */
  readonly #entries: Entry[] = [];
  #first = 0;
  #bytes = 0;

  /** `limit` in characters of JSON. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** `waiting`: length of the channel's queue. A delivery out of order is not cached. */
  add(seq: number, delivery: Delivery, bytes: number, waiting: number): void {
    if (waiting > MAX_QUEUE) return;
    if (seq <= (this.#entries.at(-1)?.seq ?? 0)) return;
    this.#entries.push({ seq, bytes, delivery });
    this.#bytes += bytes;
    while (this.#bytes > this.#limit) this.#remove(this.#entries[this.#first]!);
  }

  /** Removes and returns a delivery: its stored form changes once it is claimed. */
  take(seq: number): Delivery | undefined {
    const entry = this.#entries[this.#indexOf(seq)];
    if (entry?.seq !== seq) return undefined;
    const { delivery } = entry;
    if (delivery !== undefined) this.#remove(entry);
    return delivery;
  }

  #remove(entry: Entry): void {
    entry.delivery = undefined;
    this.#bytes -= entry.bytes;
    while (this.#first < this.#entries.length && this.#entries[this.#first]!.delivery === undefined) this.#first += 1;
    if (this.#first < CUT_AT && this.#first < this.#entries.length) return;
    this.#entries.splice(0, this.#first);
    this.#first = 0;
  }

  /** Index of the first entry with at least this row number. */
  #indexOf(seq: number): number {
    let low = this.#first;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
