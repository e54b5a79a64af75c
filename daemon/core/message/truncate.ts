import type { Format } from './message.ts';

/** Maximum length of one field of a message in UTF-16 units. */
export const MAX_FIELD_LENGTH = 65_536;

/** Truncates a text to `maxLength` UTF-16 units, including a mark with the number of missing characters. Never splits a grapheme or a construct of markup. */
export function truncateText(text: string, maxLength: number, format: Format = 'text'): string {
  if (text.length <= maxLength) return text;
  const head = truncateAtGrapheme(text, maxLength - markOf(text.length).length).replace(HALF_PAIR, '');
  const kept = format === 'text' ? head : completeMarkup(head);
  return kept + markOf(charactersOf(text.slice(kept.length)));
}

const markOf = (left: number): string => ` … (${left} more characters)`;

const HALF_PAIR = /[\uD800-\uDBFF]$/;
const PAIR = /[\uD800-\uDBFF][\uDC00-\uDFFF]/g;

function charactersOf(text: string): number {
  return text.length - (text.match(PAIR)?.length ?? 0);
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** Replaces lone surrogates by U+FFFD, because encoders and receivers disagree on them. */
export const wellFormed = (text: string): string => text.replace(LONE_SURROGATE, '\uFFFD');

/** Longer grapheme clusters do not occur in real text. */
const MAX_GRAPHEME_LENGTH = 64;
const FLAG_LETTER = /^\uD83C[\uDDE6-\uDDFF]\uD83C[\uDDE6-\uDDFF]/;
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Truncates at `length`, or at the start of the flag, family emoji or accented letter that this would split. */
export function truncateAtGrapheme(text: string, length: number): string {
  let start = Math.max(0, length - MAX_GRAPHEME_LENGTH);
  if (/[\uDC00-\uDFFF]/.test(text.charAt(start))) start -= 1;
  // Flags are pairs of letters, so a row of them must be read from its beginning.
  while (FLAG_LETTER.test(text.slice(start - 2, start + 2))) start -= 2;
  const segment = graphemes
    .segment(wellFormed(text.slice(start, length + MAX_GRAPHEME_LENGTH)))
    .containing(length - start);
  const border = segment === undefined ? length : start + segment.index;
  return text.slice(0, border > start || start === 0 ? border : length);
}

/** Share of the text up to which an incomplete last line is removed as a whole. */
const COSTLY_LINE = 0.2;

/** Removes an incomplete construct from the end: a tag, a link, an entity, a backslash escape. */
export function completeMarkup(text: string): string {
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

/** Index of a `[text](url)` that the line does not finish; -1 without one. */
function openLink(line: string): number {
  const open = line.lastIndexOf('[');
  if (open === -1) return -1;
  const start = line[open - 1] === '!' ? open - 1 : open;
  const close = line.indexOf(']', open);
  if (close === -1 || close === line.length - 1) return start;
  return line[close + 1] === '(' && !line.includes(')', close) ? start : -1;
}
