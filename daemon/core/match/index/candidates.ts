import type { Ranges } from './ranges.ts';

/** What an event leads to, while its fields are gone through. */
export class Finds {
  readonly #buckets: number[] = [];
  /** Those that a number was met for: what counts is the range from the least to the greatest that is there. */
  #ranges: Ranges[] | undefined;
  /** Whether something may have been found in a way that no path leads, or by several numbers none of which leads there alone. */
  doubtful = false;

  take(bucket: number): void {
    this.#buckets.push(bucket);
  }

  span(ranges: Ranges): void {
    (this.#ranges ??= []).push(ranges);
  }

  /** In order, each once. */
  all(): readonly number[] {
    if (this.#ranges !== undefined) for (const ranges of this.#ranges) ranges.takeMet(this);
    return distinct(this.#buckets);
  }
}

/** In order, each once; it may be the same array. */
export function distinct(numbers: number[]): readonly number[] {
  for (let at = 1; at < numbers.length; at += 1) {
    if (numbers[at - 1]! >= numbers[at]!) {
      numbers.sort((a, b) => a - b);
      return numbers.filter((number, place) => number !== numbers[place - 1]);
    }
  }
  return numbers;
}
