import { truncateAtGrapheme, wellFormed, completeMarkup } from '../../../core/message/truncate.ts';

/** Functions that clean text and cut it by the unit that a provider counts in. */

export { wellFormed };

/** Bytes of UTF-8: a Chinese character is 3, most emoji are 4 or more. */
export const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');

/**
 * Removes control characters besides line feed and tab, and invisible characters that reverse the order of the text after them,
 * with which `gnp.exe` reads `exe.png`. https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
export function cleanText(text: string): string {
  return wellFormed(text)
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]|[\u202A-\u202E\u2066-\u2069]/gu, '');
}

/** Cleans text and puts it on one line. */
export const cleanLine = (text: string): string => cleanText(text).replace(/\s+/g, ' ').trim();

/** Unit in which a provider limits a text. */
export interface Unit {
  /** Name in the mark of a cut. */
  readonly name: 'bytes' | 'characters';
  length(text: string): number;
  /** Longest beginning of at most `limit` units that does not split a grapheme. */
  head(text: string, limit: number): string;
}

/** Bytes of UTF-8. */
export const BYTES: Unit = { name: 'bytes', length: byteLength, head: headOf };

/** UTF-16 units, as JavaScript, Java and Telegram count: an emoji is 2. */
export const UTF16: Unit = {
  name: 'characters',
  length: (text) => text.length,
  head: (text, limit) => (text.length <= limit ? text : truncateAtGrapheme(text, limit)),
};

/** Unicode code points, as Python and Go count: an emoji is 1. */
export const CODE_POINTS: Unit = {
  name: 'characters',
  length: (text) => text.length - (text.match(SURROGATE_PAIR)?.length ?? 0),
  head(text, limit) {
    let end = 0;
    for (let count = 0; count < limit && end < text.length; count += 1) end += text.codePointAt(end)! > 0xffff ? 2 : 1;
    return end >= text.length ? text : truncateAtGrapheme(text, end);
  },
};

const SURROGATE_PAIR = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g;

/** Mark where text was cut, with the number of units left out. */
export type CutMark = (leftOut: number, unit: Unit) => string;

const SHORT_MARK = '…';
/** Limits below this leave no room for a mark with a number. */
const MIN_FOR_NUMBER = 80;

const countingMark: CutMark = (leftOut, { name }) => `… (+${leftOut} ${name})`;

/** Cuts to at most `limit` units, including a mark at the end. Never splits a grapheme. */
export const cutText = (text: string, limit: number, unit = BYTES, mark: CutMark = countingMark): string =>
  cutParts(text, limit, unit, mark).join('');

/** Cuts like `cutText`, and returns the mark separately, so that only the text is escaped. */
export function cutParts(
  text: string,
  limit: number,
  unit = BYTES,
  mark: CutMark = countingMark,
): readonly [kept: string, mark: string] {
  const whole = wellFormed(text);
  const total = unit.length(whole);
  if (total <= limit) return [whole, ''];
  const markOf: CutMark = limit < MIN_FOR_NUMBER ? () => SHORT_MARK : mark;
  const room = limit - unit.length(markOf(total, unit));
  if (room < 0) return ['', ''];
  const kept = unit.head(whole, room);
  return [kept, markOf(total - unit.length(kept), unit)];
}

/** Cuts to at most `limit` bytes of UTF-8. */
export const cutToBytes = (text: string, limit: number): string => cutText(text, limit);

/** Longest beginning of at most `bytes` bytes of UTF-8 that does not split a grapheme. */
export function headOf(text: string, bytes: number): string {
  // No character takes less than a byte, so the head has at most `bytes` UTF-16 units.
  const encoded = Buffer.from(text.slice(0, bytes + 2), 'utf8');
  if (encoded.length <= bytes) return text.slice(0, bytes + 2);
  let end = bytes;
  while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end -= 1;
  return truncateAtGrapheme(text, encoded.toString('utf8', 0, end).length);
}

/**
 * Cuts text with markup: at the end of a line if that removes little more, and never inside a tag, a link, an entity or a
 * backslash escape. An open code fence is closed.
 */
export function cutMarkup(text: string, limit: number, unit = BYTES, mark: CutMark = countingMark): string {
  const whole = wellFormed(text);
  const total = unit.length(whole);
  if (total <= limit) return whole;
  const markOf: CutMark = limit < MIN_FOR_NUMBER ? () => SHORT_MARK : mark;
  const room = limit - unit.length(markOf(total, unit)) - unit.length(CLOSE_FENCE) - 1;
  if (room < 0) return limit >= unit.length(SHORT_MARK) ? SHORT_MARK : '';
  const kept = completeMarkup(unit.head(whole, room));
  const isFenceOpen = (kept.match(/^[ \t]{0,3}```/gm)?.length ?? 0) % 2 === 1;
  const lineEnd = kept.endsWith('\n') || !isFenceOpen ? '' : '\n';
  return `${kept}${isFenceOpen ? CLOSE_FENCE : ''}${lineEnd}${markOf(total - unit.length(kept), unit)}`;
}

const CLOSE_FENCE = '\n```';
