import { truncateAtGrapheme, wellFormed, completeMarkup } from '../../../core/message/truncate.ts';

/** Text for channels that limit it by bytes. Limits count UTF-8, as providers do: one Chinese character is 3, most emoji are 4 or more. */

export { wellFormed };

export const byteLength = (text: string): number => Buffer.byteLength(text, 'utf8');

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
  return truncateAtGrapheme(text, encoded.toString('utf8', 0, end).length);
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
  const kept = completeMarkup(headOf(whole, room));
  const isFenceOpen = (kept.match(/^[ \t]{0,3}```/gm)?.length ?? 0) % 2 === 1;
  return `${kept}${isFenceOpen ? CLOSE_FENCE : ''}${kept.endsWith('\n') ? '' : isFenceOpen ? '\n' : ''}${markOf(total - byteLength(kept))}`;
}

const CLOSE_FENCE = '\n```';
