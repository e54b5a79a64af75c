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
