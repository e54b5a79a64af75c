import type { Position } from '../../core/compile/context.ts';
import { segmentsOf } from '../../core/values/pointer.ts';
import type { SourceRange } from '../yaml/convert.ts';

/** Lines of a text: line and column, from 1, of an offset. */
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

  /** Offset of the beginning of a line. */
  start(number: number): number {
    return this.#starts[number - 1] ?? this.#text.length;
  }
}

/** Range of the value at a JSON pointer, or of the nearest existing value above it. */
export interface FoundRange {
  readonly range: SourceRange;
  readonly exact: boolean;
}

export function rangeOf(root: SourceRange, pointer: string): FoundRange {
  return rangeBelow(root, segmentsOf(pointer));
}

export function rangeBelow(root: SourceRange, steps: readonly string[]): FoundRange {
  let range = root;
  for (const step of steps) {
    const next = range.children?.get(step);
    if (next === undefined) return { range, exact: false };
    range = next;
  }
  return { range, exact: true };
}

/** Position of the key or the value of a range; `offset` counts characters of the parsed value. */
export function locate(
  text: string,
  lines: Lines,
  { range, exact }: FoundRange,
  at: 'key' | 'value',
  offset = 0,
): Position {
  if (at === 'key' || !exact) return lines.position(range.key);
  const into = offset > 0 ? writtenOffset(text.slice(range.start, range.end), offset) : 0;
  return lines.position(range.start + into);
}

/** Offset in a scalar as written for an offset in its value; 0 when it is not known. */
function writtenOffset(written: string, offset: number): number {
  if (/^[|>]/.test(written)) return offsetInBlock(written, offset);
  const quote = /^["']/.exec(written)?.[0] ?? '';
  const step = quote === '"' ? DOUBLE_QUOTED : quote === "'" ? SINGLE_QUOTED : PLAIN;
  let at = quote.length;
  for (let left = offset; left > 0 && at < written.length; left -= 1) {
    step.lastIndex = at;
    at += step.exec(written)?.[0].length ?? 1;
  }
  return Math.min(at, written.length - quote.length);
}

/** One character of a value as written: a line break with the spaces around it is one space. */
const PLAIN = /\s*\n\s*|[^]/y;
const SINGLE_QUOTED = /\s*\n\s*|''|[^]/y;
const DOUBLE_QUOTED = /\s*\n\s*|\\x..|\\u.{4}|\\U.{8}|\\[^]|[^]/y;

function offsetInBlock(written: string, offset: number): number {
  const [header = '', ...lines] = written.split('\n');
  const indent = /^ */.exec(lines.find((line) => line.trim() !== '') ?? '')![0].length;
  let at = header.length + 1;
  let left = offset;
  for (const line of lines) {
    const length = Math.max(0, line.length - indent);
    if (left <= length) return at + Math.min(indent, line.length) + left;
    left -= length + 1;
    at += line.length + 1;
  }
  return 0;
}
