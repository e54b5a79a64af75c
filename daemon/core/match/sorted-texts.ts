import type { Filed, Finds, Shelf } from './shelf.ts';

/** An order in which texts stand right after the longest of the parts that they begin (or end) with. */
interface Order {
  compare(a: string, b: string): number;
  /** Whether a text begins (or ends) with a part of it. */
  fits(text: string, part: string): boolean;
}

export const FROM_START: Order = {
  compare: (a, b) => (a < b ? -1 : a > b ? 1 : 0),
  fits: (text, part) => text.startsWith(part),
};

export const FROM_END: Order = {
  compare(a, b) {
    const common = Math.min(a.length, b.length);
    for (let back = 1; back <= common; back += 1) {
      const difference = a.charCodeAt(a.length - back) - b.charCodeAt(b.length - back);
      if (difference !== 0) return difference;
    }
    return a.length - b.length;
  },
  fits: (text, part) => text.endsWith(part),
};

/**
 * Beginnings, or ends, of texts in order. The last that is not after a text is the only one to begin with: each knows the longest
 * other that it begins with itself, so all that fit are on the way from there.
 */
export class SortedTexts<T> implements Shelf<T> {
  readonly #order: Order;
  readonly #texts: readonly string[];
  readonly #filed: readonly T[];
  /** By place: the place of the longest other text that this one begins with, or -1. */
  readonly #shorter: Int32Array;

  constructor(filed: Filed<T, string>, order: Order) {
    this.#order = order;
    const sorted = filed.toSorted(([a], [b]) => order.compare(a, b));
    this.#texts = sorted.map(([text]) => text);
    this.#filed = sorted.map(([, found]) => found);
    this.#shorter = new Int32Array(sorted.length);
    this.#texts.forEach((text, at) => (this.#shorter[at] = this.#fitting(text, at - 1)));
  }

  meet(value: unknown, finds: Finds<T>): void {
    if (typeof value !== 'string') return;
    for (let at = this.#fitting(value, this.#notAfter(value)); at >= 0; at = this.#shorter[at]!) {
      finds.take(this.#filed[at]!);
    }
  }

  /** The first that a text begins with, from a place on. */
  #fitting(text: string, from: number): number {
    let at = from;
    while (at >= 0 && !this.#order.fits(text, this.#texts[at]!)) at = this.#shorter[at]!;
    return at;
  }

  #notAfter(text: string): number {
    let low = 0;
    let high = this.#texts.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#order.compare(this.#texts[middle]!, text) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
