import type { Range } from './need.ts';
import type { Filed, Finds, Shelf } from './shelf.ts';

/** Ranges of numbers by where they begin: an interval tree that lies in arrays, its root in the middle. */
export class Ranges<T> implements Shelf<T> {
  readonly #filed: readonly T[];
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  /** By place: the highest end in the subtree that has its root there. */
  readonly #reach: Float64Array;

  constructor(filed: Filed<T, Range>) {
    const sorted = filed.toSorted(([a], [b]) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
    this.#filed = sorted.map(([, found]) => found);
    this.#lows = Float64Array.from(sorted, ([{ low }]) => low);
    this.#highs = Float64Array.from(sorted, ([{ high }]) => high);
    this.#reach = new Float64Array(sorted.length);
    this.#measure(0, sorted.length);
  }

  meet(value: unknown, finds: Finds<T>): void {
    if (typeof value === 'number') finds.span(this, value);
  }

  /** Takes what has a part of a range in common with it. */
  takeOverlapping(range: Range, finds: Finds<T>): void {
    this.#look(range, finds, 0, this.#filed.length);
  }

  #look(range: Range, finds: Finds<T>, from: number, to: number): void {
    if (from >= to) return;
    const root = (from + to) >>> 1;
    if (this.#reach[root]! < range.low) return;
    this.#look(range, finds, from, root);
    if (this.#lows[root]! > range.high) return;
    if (this.#highs[root]! >= range.low) finds.take(this.#filed[root]!);
    this.#look(range, finds, root + 1, to);
  }

  #measure(from: number, to: number): number {
    if (from >= to) return Number.NEGATIVE_INFINITY;
    const root = (from + to) >>> 1;
    const reach = Math.max(this.#highs[root]!, this.#measure(from, root), this.#measure(root + 1, to));
    this.#reach[root] = reach;
    return reach;
  }
}
