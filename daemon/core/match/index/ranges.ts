import type { Finds } from './candidates.ts';
import type { Range } from './requirement.ts';

/** Ranges of numbers by where they begin: an interval tree that lies in arrays, its root in the middle. */
export class Ranges {
  readonly #buckets: Int32Array;
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  /** By place: the highest end in the subtree that has its root there. */
  readonly #reach: Float64Array;
  /** The event that was met last, and the least and the greatest number that it has here. */
  #finds: Finds | undefined;
  #least = 0;
  #most = 0;

  constructor(filed: readonly (readonly [range: Range, bucket: number])[]) {
    const sorted = filed.toSorted(([a], [b]) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
    this.#buckets = Int32Array.from(sorted, ([, bucket]) => bucket);
    this.#lows = Float64Array.from(sorted, ([{ low }]) => low);
    this.#highs = Float64Array.from(sorted, ([{ high }]) => high);
    this.#reach = new Float64Array(sorted.length);
    this.#measure(0, sorted.length);
  }

  meet(value: number, finds: Finds): void {
    if (Number.isNaN(value)) return;
    if (this.#finds !== finds) {
      this.#finds = finds;
      this.#least = value;
      this.#most = value;
      finds.span(this);
      return;
    }
    finds.doubtful = true;
    this.#least = Math.min(this.#least, value);
    this.#most = Math.max(this.#most, value);
  }

  /** Takes what has a part of the range in common that was met. */
  takeMet(finds: Finds): void {
    this.#look(finds, 0, this.#buckets.length);
  }

  #look(finds: Finds, first: number, end: number): void {
    let from = first;
    let to = end;
    while (from < to) {
      const root = (from + to) >>> 1;
      if (this.#reach[root]! < this.#least) return;
      if (this.#lows[root]! > this.#most) {
        to = root;
        continue;
      }
      this.#look(finds, from, root);
      if (this.#highs[root]! >= this.#least) finds.take(this.#buckets[root]!);
      from = root + 1;
    }
  }

  #measure(from: number, to: number): number {
    if (from >= to) return Number.NEGATIVE_INFINITY;
    const root = (from + to) >>> 1;
    const reach = Math.max(this.#highs[root]!, this.#measure(from, root), this.#measure(root + 1, to));
    this.#reach[root] = reach;
    return reach;
  }
}
