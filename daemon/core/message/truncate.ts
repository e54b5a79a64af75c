import type { Format } from './message.ts';

/** Characters (UTF-16 units) of one field of a message. */
export const MAX_FIELD_LENGTH = 65_536;

/** At most `most` characters; what is longer ends in a mark that says how much is missing. Never splits what is seen as one character. */
export function truncateText(text: string, most: number, format: Format = 'text'): string {
  if (text.length <= most) return text;
  const head = truncateAtGrapheme(text, most - markOf(text.length).length).replace(HALF_PAIR, '');
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

/** Lone surrogates are no characters: they become U+FFFD, because encoders and receivers disagree on what to do with them. */
export const wellFormed = (text: string): string => text.replace(LONE_SURROGATE, '\uFFFD');

/** Longer clusters than this are no writing. */
const MAX_GRAPHEME_LENGTH = 64;
const FLAG_LETTER = /^\uD83C[\uDDE6-\uDDFF]\uD83C[\uDDE6-\uDDFF]/;
const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' });

/** Moves a cut back to the start of the flag, family or accented letter that it would split. */
export function truncateAtGrapheme(text: string, cut: number): string {
  let start = Math.max(0, cut - MAX_GRAPHEME_LENGTH);
  if (/[\uDC00-\uDFFF]/.test(text.charAt(start))) start -= 1;
  // Flags are pairs, which can only be told from where the row of them begins.
  while (FLAG_LETTER.test(text.slice(start - 2, start + 2))) start -= 2;
  const segment = graphemes.segment(wellFormed(text.slice(start, cut + MAX_GRAPHEME_LENGTH))).containing(cut - start);
  const border = segment === undefined ? cut : start + segment.index;
  return text.slice(0, border > start || start === 0 ? border : cut);
}

/** A last line may be this part of the text before it is worth keeping in pieces. */
const COSTLY_LINE = 0.2;

/** Without what the end of it leaves open: a tag, a link, an entity, a backslash escape. */
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

/** Where a `[text](url)` begins that the line does not finish. */
function openLink(line: string): number {
  const open = line.lastIndexOf('[');
  if (open === -1) return -1;
  const start = line[open - 1] === '!' ? open - 1 : open;
  const close = line.indexOf(']', open);
  if (close === -1 || close === line.length - 1) return start;
  return line[close + 1] === '(' && !line.includes(')', close) ? start : -1;
}
