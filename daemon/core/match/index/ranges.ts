import type { Range } from './requirement.ts';

/** An interval tree in arrays, in the order of the lower bounds; the root of each part is in its middle. */
export class Ranges<T> {
  readonly #lows: Float64Array;
  readonly #highs: Float64Array;
  readonly #values: readonly T[];
  /** By index: the highest upper bound in the subtree with this root. */
  readonly #highest: Float64Array;

  constructor(entries: readonly (readonly [range: Range, value: T])[]) {
    const sorted = entries.toSorted(([a], [b]) => (a.low < b.low ? -1 : a.low > b.low ? 1 : 0));
    this.#lows = Float64Array.from(sorted, ([{ low }]) => low);
    this.#highs = Float64Array.from(sorted, ([{ high }]) => high);
    this.#values = sorted.map(([, value]) => value);
    this.#highest = new Float64Array(sorted.length);
    this.#measure(0, sorted.length);
  }

  /** Calls `onFound` with the value of each range that has a number in common with a closed range. */
  overlapping(min: number, max: number, onFound: (value: T) => void, first = 0, end = this.#values.length): void {
    let [from, to] = [first, end];
    while (from < to) {
      const root = (from + to) >>> 1;
      if (this.#highest[root]! < min) return;
      if (this.#lows[root]! > max) to = root;
      else {
        this.overlapping(min, max, onFound, from, root);
        if (this.#highs[root]! >= min) onFound(this.#values[root]!);
        from = root + 1;
      }
    }
  }

  #measure(from: number, to: number): number {
    if (from >= to) return Number.NEGATIVE_INFINITY;
    const root = (from + to) >>> 1;
    const highest = Math.max(this.#highs[root]!, this.#measure(from, root), this.#measure(root + 1, to));
    this.#highest[root] = highest;
    return highest;
  }
}
