import type { Position } from '../core/draft.ts';
import { stepsOf } from '../core/pointer.ts';
import type { Spot } from './convert.ts';

/** Line and column, from 1, of an offset into a text. */
export class Lines {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#starts.push(at + 1);
  }

  position(offset: number): Position {
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - this.#starts[low]! + 1 };
  }

  /** The text of a line without its end; undefined when there is no such line. */
  line(number: number): string | undefined {
    const start = this.#starts[number - 1];
    if (start === undefined) return undefined;
    const next = this.#starts[number];
    return this.#text.slice(start, next === undefined ? undefined : next - 1).replace(/\r$/, '');
  }

  /** Where line `number` begins. */
  start(number: number): number {
    return this.#starts[number - 1] ?? this.#text.length;
  }
}

/** The spot of a JSON pointer, or of the nearest thing above it that there is. */
export interface FoundSpot {
  readonly spot: Spot;
  readonly exact: boolean;
}

export function spotOf(root: Spot, pointer: string): FoundSpot {
  return spotBelow(root, stepsOf(pointer));
}

export function spotBelow(root: Spot, steps: readonly string[]): FoundSpot {
  let spot = root;
  for (const step of steps) {
    const next = spot.children?.get(step);
    if (next === undefined) return { spot, exact: false };
    spot = next;
  }
  return { spot, exact: true };
}

/** Where the key or the value of a spot stands. An offset into the value counts only where the text is written as it is read. */
export function locate(
  text: string,
  lines: Lines,
  { spot, exact }: FoundSpot,
  at: 'key' | 'value',
  offset = 0,
): Position {
  if (at === 'key' || !exact) return lines.position(spot.key);
  const quote = /["']/.test(text[spot.start] ?? '') ? 1 : 0;
  const written = text.slice(spot.start + quote, spot.end - quote);
  const literal = offset > 0 && !/[\n\\|>]|''/.test(written.slice(0, offset + 1)) && offset <= written.length;
  return lines.position(literal ? spot.start + quote + offset : spot.start);
}
