import type { Format, Message } from '../../../core/message/message.ts';
import { PLAIN_DIALECT } from './dialects.ts';
import { renderMarkdown } from './markdown.ts';
import { cleanLine, cleanText, cutToBytes } from './text.ts';

/** Plain text of a message. */

export const plainFromMarkdown = (markdown: string): string => renderMarkdown(markdown, PLAIN_DIALECT);

const PLAIN_FROM: Readonly<Record<Format, (text: string) => string>> = {
  text: (text) => text,
  markdown: plainFromMarkdown,
  html: plainFromHtml,
};

/** Text without markup and control characters. */
export const plainOf = (text: string, format: Format): string => cleanText(PLAIN_FROM[format](text));

/** Title on one line. */
export const plainTitle = ({ title, format }: Pick<Message, 'title' | 'format'>): string =>
  cleanLine(plainOf(title, format));

export const plainBody = ({ body, format }: Message): string => plainOf(body, format).trim();

/** Limits of a field in bytes. */
const MAX_NAME_BYTES = 300;
const MAX_VALUE_BYTES = 1000;

/** Fields as plain text on one line each, for providers that take names and values. */
export const plainFields = ({ fields = {}, format }: Message): Record<string, string> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      cutToBytes(cleanLine(name), MAX_NAME_BYTES),
      cutToBytes(cleanLine(plainOf(value, format)), MAX_VALUE_BYTES),
    ]),
  );

/** Puts a text on one line, so that an event cannot forge a line of a plain-text log. */
export const joinLines = (text: string): string => text.replace(/\n+/g, ' ⏎ ');

/** Body, followed by the fields, actions and link, each on its own line, for channels that cannot show them otherwise. */
export function plainBodyWithDetails(message: Message): string {
  const fields = Object.entries(message.fields ?? {}).map(([name, value]) => `${cleanLine(name)}: ${cleanLine(value)}`);
  const actions = (message.actions ?? []).map(({ label, url }) => `${cleanLine(label)}: ${cleanLine(url)}`);
  const link = message.link === undefined ? [] : [cleanLine(message.link)];
  return [plainBody(message), fields.join('\n'), [...actions, ...link].join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Bytes of HTML that are read; limits the work for any input. */
const MAX_SOURCE_BYTES = 64 * 1024;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return ENTITIES[name] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    return point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? String.fromCodePoint(point) : whole;
  });
}

/** Text of HTML: blocks become lines, links show their address, entities become their characters. */
export function plainFromHtml(html: string): string {
  return decodeEntities(
    withoutScripts(cutToBytes(html, MAX_SOURCE_BYTES))
      .replace(/<a\s[^<>]{0,200}?href\s*=\s*"([^"<>]{1,2000})"[^<>]*>([^<>]{0,500})<\/a\s*>/gi, '$2 ($1)')
      .replace(/<li\b[^<>]*>/gi, '\n- ')
      .replace(/<(?:br|\/p|\/div|\/h[1-6]|\/tr|\/ul|\/ol)\b[^<>]*>/gi, '\n')
      .replace(/<\/?[a-z][^<>]*>/gi, ''),
  )
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

/** Removes scripts and styles; one without an end tag reaches to the end of the text, as in a browser. */
function withoutScripts(html: string): string {
  const opening = /<(script|style)\b[^<>]*>/gi;
  let kept = '';
  let from = 0;
  for (let open = opening.exec(html); open !== null; open = opening.exec(html)) {
    kept += html.slice(from, open.index);
    const closing = new RegExp(`</${open[1]}[^<>]*>`, 'gi');
    closing.lastIndex = opening.lastIndex;
    if (closing.exec(html) === null) return kept;
    from = closing.lastIndex;
    opening.lastIndex = from;
  }
  return kept + html.slice(from);
}
