export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether the text of an integer is beyond 2^53, where numbers of JavaScript are not exact any more. */
export function isLongInteger(text: string): boolean {
  return text.length >= 16 && /^-?[1-9]\d*$/.test(text) && !Number.isSafeInteger(Number(text));
}

/** Beginning of a number that may have more digits or a larger exponent than JavaScript keeps. */
const MAY_LOSE_DIGITS = /(?:^|[\s:,[])-?(?:\d{16}|[\d.]+[eE]\+?\d{3})/;

/**
 * Parses JSON from outside. Integers beyond 2^53 and numbers beyond the range of a double become text with the same digits:
 * JSON.parse would change them, and so turn one id into another. Throws the errors of JSON.parse.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  return MAY_LOSE_DIGITS.test(text) ? JSON.parse(withDigitsQuoted(text)) : value;
}

/** Whether a text is valid JSON. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Puts quotes around the numbers in valid JSON that would lose digits. */
function withDigitsQuoted(text: string): string {
  const token = /"|-?\d[\d.eE+-]*/g;
  let quoted = '';
  let copied = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [word] = found;
    if (word === '"') token.lastIndex = endOfText(text, found.index);
    else if (isLongInteger(word) || !Number.isFinite(Number(word))) {
      quoted += `${text.slice(copied, found.index)}"${word}"`;
      copied = token.lastIndex;
    }
  }
  return quoted + text.slice(copied);
}

/** Index after the closing quote of the string that begins at `start`. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
}

/** Values in one event or request: objects, lists, texts and numbers. */
export const MAX_VALUES = 100_000;
/** UTF-16 units in the name of a field. */
export const MAX_KEY_LENGTH = 1024;

export type JsonExcess = 'depth' | 'values' | 'key';

/** The first bound that a parsed value exceeds. Looks at no more than the bounds allow, so that a hostile value costs nothing. */
export function excessOf(value: unknown, maxDepth: number): JsonExcess | undefined {
  let values = 0;
  const look = (item: unknown, depth: number): JsonExcess | undefined => {
    values += 1;
    if (values > MAX_VALUES) return 'values';
    if (typeof item !== 'object' || item === null) return undefined;
    if (depth >= maxDepth) return 'depth';
    if (Array.isArray(item)) {
      for (const inner of item) {
        const found = look(inner, depth + 1);
        if (found !== undefined) return found;
      }
      return undefined;
    }
    for (const key in item) {
      if (key.length > MAX_KEY_LENGTH) return 'key';
      const found = look((item as Record<string, unknown>)[key], depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return look(value, 0);
}

/** Code and text of a refusal by the bound, to which the caller adds what was refused. */
export const EXCESSES: Readonly<
  Record<JsonExcess, { readonly code: string; readonly text: (maxDepth: number) => string }>
> = {
  depth: { code: 'too_deep', text: (maxDepth) => `is nested deeper than ${maxDepth}` },
  values: { code: 'too_many_values', text: () => `has more than ${MAX_VALUES} values` },
  key: { code: 'long_key', text: () => `has a field whose name is longer than ${MAX_KEY_LENGTH} characters` },
};

/** Whether lists and maps are nested in more levels; a search that goes on into a value of any depth could overflow the stack. */
export function isDeeper(value: unknown, than: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return than === 0 || Object.values(value).some((item) => isDeeper(item, than - 1));
}
