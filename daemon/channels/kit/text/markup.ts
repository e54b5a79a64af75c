import { cutToBytes } from './text.ts';

/** Conversions between the three formats of a message and what a provider shows. */

/** Nothing that is sent as plain text is longer; keeps the work small whatever comes. */
const LONGEST = 64 * 1024;

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' };

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-z]{2,4}));/g, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return ENTITIES[name] ?? whole;
    const point = decimal === undefined ? Number.parseInt(hex as string, 16) : Number(decimal);
    return point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff) ? String.fromCodePoint(point) : whole;
  });
}

// One pass, escapes first, so that an escaped star is never taken for emphasis. No part can match the same text in two ways.
const INLINE =
  /\\([!-/:-@[-`{-~])|(!?)\[([^[\]\n]{0,500})\]\(([^()\s]{1,2000})(?:[ \t][^()\n]{0,500})?\)|\*{1,3}|~~|`{1,3}|(?<![\w_])_{1,2}(?=\S)|(?<=\S)_{1,2}(?![\w_])/g;

/** Markdown as a person would type it where there is no markup: marks go, links show their address. */
export function plainFromMarkdown(markdown: string): string {
  return decodeEntities(
    cutToBytes(markdown, LONGEST)
      .replace(/^[ \t]{0,3}#{1,6}[ \t]+/gm, '')
      .replace(/^[ \t]{0,3}```.*\n?/gm, '')
      .replace(INLINE, (_, escaped?: string, _image?: string, label?: string, address?: string) => {
        if (escaped !== undefined) return escaped;
        if (address === undefined) return '';
        return label === undefined || label === '' || label === address ? address : `${label} (${address})`;
      }),
  );
}

/** HTML as text: blocks become lines, links show their address, entities their characters. */
export function plainFromHtml(html: string): string {
  return decodeEntities(
    withoutScripts(cutToBytes(html, LONGEST))
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

/** Takes out what is no text; a part that is never closed goes to the end, as in a browser. */
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

const LOOKALIKES: Readonly<Record<string, string>> = {
  '<': '＜',
  '>': '＞',
  '[': '［',
  ']': '］',
  '*': '＊',
  '`': '｀',
  '|': '｜',
  '#': '＃',
  '&': '＆',
};

/**
 * Makes text harmless in a dialect of Markdown that has no escape of its own: what could begin a tag, a mention, a link, an
 * image, code or emphasis becomes its full-width twin, which reads the same and means nothing. `#` and `>` only where a line begins.
 */
export function lookalikes(text: string): string {
  return text
    .replace(/[<[\]*`|]/g, (character) => LOOKALIKES[character]!)
    .replace(/^([^\S\n]*)([#>])/gm, (_, space: string, character: string) => space + LOOKALIKES[character]!)
    .replace(/&(?=#?\w{1,10};)/g, LOOKALIKES['&']!);
}

/** An address that may stand in a link: http or https, with nothing in it that could end the link. Undefined when it is none. */
export function linkAddress(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  return url.href.replace(
    /[()<>[\]"'`\\*|\s]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
