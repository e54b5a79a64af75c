/** Text for channels that limit it by bytes. Limits count UTF-8, as providers do: one Chinese character is 3, most emoji are 4 or more. */

export const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Lone surrogates are no characters: they become U+FFFD, because encoders and receivers disagree on what to do with them. */
export const wellFormed = (text: string): string => text.replace(LONE_SURROGATE, '\uFFFD');

/**
 * What may be shown to a person: no control characters besides line feed and tab, and no invisible ones that reverse the order of
 * what follows, with which `gnp.exe` reads `exe.png`. https://www.unicode.org/reports/tr36/#Bidirectional_Text_Spoofing
 */
export function cleanText(text: string): string {
  return wellFormed(text)
    .replace(/\r\n?/g, '\n')
    .replace(/[^\P{Cc}\n\t]|[\u202A-\u202E\u2066-\u2069]/gu, '');
}

/** The same on one line. */
export const cleanLine = (text: string): string => cleanText(text).replace(/\s+/g, ' ').trim();

/** The mark where text was cut, with how much is missing. */
export type CutMark = (bytesLeftOut: number) => string;

const SHORT_MARK = '…';
/** Below this a mark with a number would be most of the text. */
const ROOM_FOR_NUMBER = 80;

const countingMark: CutMark = (bytes) => `… (+${bytes} bytes)`;

/** At most `limit` bytes; what is longer ends in a mark. Never splits a character, nor what is seen as one. */
export function cutToBytes(text: string, limit: number, mark: CutMark = countingMark): string {
  const whole = wellFormed(text);
  const total = byteLength(whole);
  if (total <= limit) return whole;
  const markOf: CutMark = limit < ROOM_FOR_NUMBER ? () => SHORT_MARK : mark;
  const room = limit - byteLength(markOf(total));
  if (room < 0) return '';
  const kept = headOf(whole, room);
  return kept + markOf(total - byteLength(kept));
}

/** As many whole characters from the start as fit into `bytes`. */
export function headOf(text: string, bytes: number): string {
  // No character takes less than a byte, so the head has at most `bytes` UTF-16 units.
  const encoded = Buffer.from(text.slice(0, bytes + 2), 'utf8');
  if (encoded.length <= bytes) return text.slice(0, bytes + 2);
  let end = bytes;
  while (end > 0 && (encoded[end]! & 0xc0) === 0x80) end -= 1;
  return atGrapheme(text, encoded.toString('utf8', 0, end).length);
}

/** Longer clusters than this are no writing. */
const LONGEST_GRAPHEME = 64;
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Moves a cut back to the start of the flag, family or accented letter that it would split. */
function atGrapheme(text: string, cut: number): string {
  const start = Math.max(0, cut - LONGEST_GRAPHEME);
  const segment = graphemes.segment(wellFormed(text.slice(start, cut + LONGEST_GRAPHEME))).containing(cut - start);
  const border = segment === undefined ? cut : start + segment.index;
  return text.slice(0, border > start || start === 0 ? border : cut);
}

/**
 * Cuts text with markup: at a line's end where that costs little, and never inside a tag, a link, an entity or a backslash
 * escape; an open code fence is closed.
 */
export function cutMarkup(text: string, limit: number, mark: CutMark = countingMark): string {
  const whole = wellFormed(text);
  const total = byteLength(whole);
  if (total <= limit) return whole;
  const markOf: CutMark = limit < ROOM_FOR_NUMBER ? () => SHORT_MARK : mark;
  const room = limit - byteLength(markOf(total)) - byteLength(CLOSE_FENCE) - 1;
  if (room < 0) return limit >= byteLength(SHORT_MARK) ? SHORT_MARK : '';
  const kept = wholeConstructs(headOf(whole, room));
  const isFenceOpen = (kept.match(/^[ \t]{0,3}```/gm)?.length ?? 0) % 2 === 1;
  return `${kept}${isFenceOpen ? CLOSE_FENCE : ''}${kept.endsWith('\n') ? '' : isFenceOpen ? '\n' : ''}${markOf(total - byteLength(kept))}`;
}

const CLOSE_FENCE = '\n```';
/** A last line may be this part of the text before it is worth keeping in pieces. */
const COSTLY_LINE = 0.2;

function wholeConstructs(text: string): string {
  const lineEnd = text.lastIndexOf('\n');
  if (lineEnd > text.length * (1 - COSTLY_LINE)) return text.slice(0, lineEnd + 1);
  const line = text.slice(lineEnd + 1);
  const unfinished = [
    line.lastIndexOf('<') > line.lastIndexOf('>') ? line.lastIndexOf('<') : -1,
    openLink(line),
    line.search(/&#?\w{0,10}$/),
    trailingBackslashes(line) % 2 === 1 ? line.length - 1 : -1,
  ].filter((index) => index >= 0);
  return text.slice(0, lineEnd + 1) + line.slice(0, Math.min(line.length, ...unfinished));
}

function trailingBackslashes(line: string): number {
  let count = 0;
  while (line[line.length - 1 - count] === '\\') count += 1;
  return count;
}

/** Where a `[text](url)` begins that the line does not finish. */
function openLink(line: string): number {
  const open = line.lastIndexOf('[');
  if (open === -1) return -1;
  const start = line[open - 1] === '!' ? open - 1 : open;
  const close = line.indexOf(']', open);
  if (close === -1 || close === line.length - 1) return start;
  return line[close + 1] === '(' && !line.includes(')', close) ? start : -1;
}
