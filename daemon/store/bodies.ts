import type { Delivery } from '../core/delivery.ts';

/** Deliveries just committed, so that claiming them at once reads nothing. The oldest give way to new ones. */
export class RecentBodies {
  readonly #limit: number;
  readonly #kept = new Map<number, { readonly delivery: Delivery; readonly bytes: number }>();
  #bytes = 0;

  /** `limit` in bytes of JSON. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  add(seq: number, delivery: Delivery, bytes: number): void {
    this.#kept.set(seq, { delivery, bytes });
    this.#bytes += bytes;
    for (const [oldest, { bytes: size }] of this.#kept) {
      if (this.#bytes <= this.#limit) return;
      this.#kept.delete(oldest);
      this.#bytes -= size;
    }
  }

  /** Hands it over; it changes from now on. */
  take(seq: number): Delivery | undefined {
    const kept = this.#kept.get(seq);
    if (kept === undefined) return undefined;
    this.#kept.delete(seq);
    this.#bytes -= kept.bytes;
    return kept.delivery;
  }
}
