import type { Format, Message } from '../../../core/message/message.ts';
import { linkAddress, plainFromHtml, plainFromMarkdown } from './markup.ts';
import { byteLength, cleanLine, cleanText, cutMarkup, cutToBytes } from './text.ts';

/** How one provider writes a message that is one long text. */
export interface Markup {
  /** Text in Markdown is taken as it is; otherwise everything becomes plain. */
  readonly markdown: boolean;
  /** Makes plain text harmless. */
  escape(text: string): string;
  title(line: string): string;
  field(name: string, value: string): string;
  link(label: string, address: string): string;
  /** Absent where pictures cannot be shown: they become links. */
  image?(address: string): string;
  /** Between title, body and the rest. */
  readonly gap: string;
}

const PLAIN_FROM: Readonly<Record<Format, (text: string) => string>> = {
  text: (text) => text,
  markdown: plainFromMarkdown,
  html: plainFromHtml,
};

/** What a person would read, without any markup. */
export const plainOf = (text: string, format: Format): string => cleanText(PLAIN_FROM[format](text));

/** Text of a message in the markup of the provider. */
export function inMarkup(text: string, format: Format, markup: Markup): string {
  if (markup.markdown && format === 'markdown') return cleanText(text);
  return markup.escape(plainOf(text, format));
}

/** Plain text, as people write it. */
export const PLAIN: Markup = {
  markdown: false,
  escape: (text) => text,
  title: (line) => line,
  field: (name, value) => `${name}: ${value}`,
  link: (label, address) => (label === '' ? address : `${label}: ${address}`),
  gap: '\n',
};

export interface Layout {
  readonly title: string;
  readonly body: string;
  /** Fields, links and actions, a line each. */
  readonly rest: readonly string[];
}

/** The message less what is shown in another place than its text. */
export function without(message: Message, ...parts: readonly ('link' | 'image' | 'actions')[]): Message {
  return Object.fromEntries(
    Object.entries(message).filter(([name]) => !parts.some((part) => part === name)),
  ) as unknown as Message;
}

export interface LayoutOptions {
  /** The title is shown elsewhere. */
  readonly untitled?: boolean;
}

/** Bytes; what is longer belongs into the body. */
const LONGEST_TITLE = 300;
const MAX_FIELD_LENGTH = 1000;

export function layOut(message: Message, markup: Markup, options: LayoutOptions = {}): Layout {
  const { format } = message;
  // Only the body may have markup of its own: in a title or a field it would meet the markup around it.
  const line = (text: string, longest: number): string =>
    markup.escape(cutToBytes(cleanLine(plainOf(text, format)), longest));
  const fields = Object.entries(message.fields ?? {}).map(([name, value]) =>
    markup.field(markup.escape(cutToBytes(cleanLine(name), LONGEST_TITLE)), line(value, MAX_FIELD_LENGTH)),
  );
  const targets = [
    ...(message.link === undefined ? [] : [{ label: '', url: message.link }]),
    ...(message.actions ?? []),
  ];
  const links = targets.map(({ label, url }) => linkLine(label, url, markup));
  const title = line(message.title, LONGEST_TITLE);
  return {
    title: title === '' || options.untitled === true ? '' : markup.title(title),
    body: inMarkup(message.body, format, markup).trimEnd(),
    rest: [...fields, ...links, ...imageLines(message, markup)],
  };
}

const cutFor = ({ markdown }: Markup): typeof cutMarkup => (markdown ? cutMarkup : cutToBytes);

function imageLines({ image = '' }: Message, markup: Markup): string[] {
  const address = linkAddress(image);
  if (address === undefined) return [];
  return [markup.image === undefined ? markup.link('', address) : markup.image(address)];
}

/** What is no address that can be followed is shown as the text that it is. */
function linkLine(label: string, url: string, markup: Markup): string {
  const name = markup.escape(cutToBytes(cleanLine(label), LONGEST_TITLE));
  const address = linkAddress(url);
  return address === undefined
    ? `${name} ${markup.escape(cutToBytes(cleanLine(url), MAX_FIELD_LENGTH))}`.trim()
    : markup.link(name, address);
}

/** The parts of the limit that title and rest may take from the body. */
const TITLE_SHARE = 0.25;
const REST_SHARE = 0.5;

/** Joined, in at most `limit` bytes: the title and the links survive, the body is cut where one sees it. */
export function fitted({ title, body, rest }: Layout, limit: number, markup: Markup): string {
  const { gap } = markup;
  const cut = cutFor(markup);
  const head = cut(title, Math.floor(limit * TITLE_SHARE));
  const tail = lines(rest, Math.floor(limit * REST_SHARE));
  const gaps = [head, body, tail].filter((part) => part !== '').length - 1;
  const room = limit - byteLength(head) - byteLength(tail) - Math.max(0, gaps) * byteLength(gap);
  const text = [head, cut(body, Math.max(0, room)), tail].filter((part) => part !== '').join(gap);
  // No provider takes an empty text.
  return text === '' ? MORE : text;
}

/** Makes the longest text for which the whole request, written as JSON, has at most `limit` bytes. `build` is told how long the text may be. */
export function fittedJson(build: (room: number) => unknown, limit: number): unknown {
  let room = limit;
  for (;;) {
    const payload = build(room);
    const excess = byteLength(JSON.stringify(payload)) - limit;
    if (excess <= 0 || room === 0) return payload;
    // Escaping at most doubles what is left of a text without control characters.
    room = Math.max(0, room - Math.max(SMALLEST_STEP, Math.ceil(excess / 2)));
  }
}

const SMALLEST_STEP = 64;

const MORE = '…';

function lines(rest: readonly string[], limit: number): string {
  const text = rest.join('\n');
  if (byteLength(text) <= limit) return text;
  let kept = '';
  for (const line of rest) {
    if (byteLength(kept) + byteLength(line) + byteLength(MORE) + 2 > limit) continue;
    kept += `${line}\n`;
  }
  return kept + MORE;
}
