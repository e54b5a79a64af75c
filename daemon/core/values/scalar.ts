import type { Json } from './json.ts';

const LITERALS: ReadonlyMap<string, Json> = new Map<string, Json>([
  ['true', true],
  ['false', false],
  ['null', null],
]);

/**
 * Reads a value of a command line. It becomes a number, true, false or null only if that is printed as the same text, so that no
 * value changes: `3.10`, `007`, `1e3` and integers beyond 2^53 stay text.
 */
export function scalarOf(text: string): Json {
  const literal = LITERALS.get(text);
  if (literal !== undefined) return literal;
  if (!/^-?\d+(?:\.\d+)?$/.test(text)) return text;
  const number = Number(text);
  const exact = String(number) === text && (!Number.isInteger(number) || Number.isSafeInteger(number));
  return exact ? number : text;
}
