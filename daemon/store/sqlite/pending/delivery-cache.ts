import type { Delivery } from '../../../core/delivery/delivery.ts';

interface Kept {
  readonly seq: number;
  readonly bytes: number;
  /** Undefined once it was handed over. */
  delivery: Delivery | undefined;
}

/** Entries that were handed over are cleared away when so many stand at the front. */
const CLEARED = 1024;

/** With so many before it a delivery is not claimed soon: kept until then it would only make work for the garbage collector. */
const LONG_QUEUE = 2048;

/** Deliveries just committed, so that claiming them at once reads nothing. The oldest give way to new ones. */
export class RecentBodies {
  readonly #limit: number;
  /** By rising row number. */
  readonly #kept: Kept[] = [];
  #first = 0;
  #bytes = 0;

  /** `limit` in bytes of JSON. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** One that comes out of turn is not kept; it can be read. `waiting`: how many its channel owes. */
  add(seq: number, delivery: Delivery, bytes: number, waiting: number): void {
    if (waiting > LONG_QUEUE) return;
    if (seq <= (this.#kept.at(-1)?.seq ?? 0)) return;
    this.#kept.push({ seq, bytes, delivery });
    this.#bytes += bytes;
    while (this.#bytes > this.#limit) this.#forget(this.#kept[this.#first]!);
  }

  /** Hands it over; it changes from now on. */
  take(seq: number): Delivery | undefined {
    const kept = this.#kept[this.#placeOf(seq)];
    if (kept?.seq !== seq) return undefined;
    const { delivery } = kept;
    if (delivery !== undefined) this.#forget(kept);
    return delivery;
  }

  #forget(kept: Kept): void {
    kept.delivery = undefined;
    this.#bytes -= kept.bytes;
    while (this.#first < this.#kept.length && this.#kept[this.#first]!.delivery === undefined) this.#first += 1;
    if (this.#first < CLEARED && this.#first < this.#kept.length) return;
    this.#kept.splice(0, this.#first);
    this.#first = 0;
  }

  /** Where it is, if it is there. */
  #placeOf(seq: number): number {
    let low = this.#first;
    let high = this.#kept.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#kept[middle]!.seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
