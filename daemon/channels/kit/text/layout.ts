import { escapeFor } from '../../../core/message/escape.ts';
import type { Format, Message } from '../../../core/message/message.ts';
import { DISCORD_DIALECT, MRKDWN_DIALECT, mrkdwnLink, TELEGRAM_DIALECT } from './dialects.ts';
import { ampersandEntities, discordEscapes, linkAddress, telegramText } from './escape.ts';
import { renderMarkdown } from './markdown.ts';
import { plainOf, plainTitle } from './plain.ts';
import {
  BYTES,
  byteLength,
  cleanLine,
  cleanText,
  cutMarkup,
  cutParts,
  cutText,
  cutToBytes,
  type Unit,
} from './text.ts';

/** Markup of a provider for a message that is sent as one text. */
export interface Markup {
  /** Converts a Markdown body; absent if it becomes plain text. */
  readonly markdown?: (source: string) => string;
  /** Converts an HTML body; absent if it becomes plain text. */
  readonly html?: (source: string) => string;
  /** Escapes plain text. */
  readonly escape: (text: string) => string;
  readonly title: (line: string) => string;
  readonly field: (name: string, value: string) => string;
  readonly link: (label: string, address: string) => string;
  /** Absent if pictures cannot be shown; they become links. */
  readonly image?: (address: string) => string;
  /** Text between title, body and the rest. */
  readonly gap: string;
}

/** For providers that read CommonMark or a similar Markdown. */
export const asWritten = (source: string): string => source;

/** Plain text. */
export const PLAIN: Markup = {
  escape: (text) => text,
  title: (line) => line,
  field: (name, value) => `${name}: ${value}`,
  link: (label, address) => (label === '' ? address : `${label}: ${address}`),
  gap: '\n',
};

/** For providers that read CommonMark. */
export const COMMONMARK: Markup = {
  markdown: asWritten,
  escape: (text) => escapeFor(text, 'markdown'),
  title: (line) => `**${line}**`,
  field: (name, value) => `- ${name}: ${value}`,
  link: (label, address) => (label === '' ? `<${address}>` : `[${label}](${address})`),
  gap: '\n\n',
};

/** Slack. */
export const MRKDWN: Markup = {
  markdown: (source) => renderMarkdown(source, MRKDWN_DIALECT),
  escape: ampersandEntities,
  title: (line) => `*${line}*`,
  field: (name, value) => `*${name}*: ${value}`,
  link: (label, address) => mrkdwnLink(label, ampersandEntities(address)),
  gap: '\n',
};

export const TELEGRAM_HTML: Markup = {
  markdown: (source) => renderMarkdown(source, TELEGRAM_DIALECT),
  escape: telegramText,
  title: (line) => `<b>${line}</b>`,
  field: (name, value) => `<b>${name}</b>: ${value}`,
  link: (label, address) =>
    `<a href="${escapeFor(address, 'html')}">${label === '' ? ampersandEntities(address) : label}</a>`,
  gap: '\n',
};

export const DISCORD_MARKDOWN: Markup = {
  markdown: (source) => renderMarkdown(source, DISCORD_DIALECT),
  escape: discordEscapes,
  title: (line) => `**${line}**`,
  field: (name, value) => `**${name}**: ${value}`,
  link: (label, address) => (label === '' ? address : `[${label}](${address})`),
  gap: '\n',
};

/** Escapes values from an event in a template. A body that is converted from CommonMark gets values that are escaped for CommonMark. */
export const escapeOf =
  ({ markdown, escape }: Markup) =>
  (text: string, format: Format): string =>
    format === 'markdown' && markdown === asWritten ? escape(text) : escapeFor(text, format);

export interface Layout {
  readonly title: string;
  /** Makes the body in at most `room` units. */
  readonly body: (room: number) => string;
  /** Fields, links and actions, a line each. */
  readonly rest: readonly string[];
  readonly gap: string;
  readonly unit: Unit;
  /** Cuts text in the markup. */
  readonly cut: (text: string, limit: number) => string;
}

/** Message without the parts that are not shown in its text. */
export function without(message: Message, ...parts: readonly ('link' | 'image' | 'actions' | 'fields')[]): Message {
  return Object.fromEntries(
    Object.entries(message).filter(([name]) => !parts.some((part) => part === name)),
  ) as unknown as Message;
}

export interface LayoutOptions {
  /** The title is shown elsewhere. */
  readonly untitled?: boolean;
  /** Mentions in the markup, which follow the title on its line. */
  readonly calls?: string;
  /** Unit of the limit; bytes if not given. */
  readonly unit?: Unit;
}

/** Limits of a title in its unit, and of a field in bytes. */
const MAX_TITLE = 300;
const MAX_FIELD = 1000;

/** A field as one escaped line each for name and value. */
export interface Field {
  readonly name: string;
  readonly value: string;
}

/** Fields for a form that shows names beside values. Empty if they have more than `max` bytes together: the text shows them then, as far as there is room. */
export function fieldsOf({ fields = {}, format }: Message, escape: Markup['escape'], max = Infinity): readonly Field[] {
  const escaped = Object.entries(fields).map(([name, value]) => ({
    name: escape(cutToBytes(cleanLine(name), MAX_TITLE)),
    value: escape(cutToBytes(cleanLine(plainOf(value, format)), MAX_FIELD)),
  }));
  const bytes = escaped.reduce((sum, { name, value }) => sum + byteLength(name) + byteLength(value), 0);
  return bytes > max ? [] : escaped;
}

export function layoutOf(message: Message, markup: Markup, options: LayoutOptions = {}): Layout {
  const { unit = BYTES, calls = '', untitled = false } = options;
  // Only the body may contain markup: in a title or a field it would end the markup around it.
  const title = markup.escape(cutText(plainTitle(message), MAX_TITLE, unit));
  const fields = fieldsOf(message, markup.escape).map(({ name, value }) => markup.field(name, value));
  const targets = [
    ...(message.link === undefined ? [] : [{ label: '', url: message.link }]),
    ...(message.actions ?? []),
  ];
  const links = targets.map(({ label, url }) => linkLine(label, url, markup));
  return {
    title: `${title === '' || untitled ? '' : markup.title(title)} ${calls}`.trim(),
    body: bodyOf(message, markup, unit),
    rest: [...fields, ...links, ...imageLines(message, markup)],
    gap: markup.gap,
    unit,
    cut: (text, limit) => (markup.markdown === undefined ? cutText : cutMarkup)(text, limit, unit),
  };
}

function bodyOf({ body, format }: Message, markup: Markup, unit: Unit): Layout['body'] {
  const convert = format === 'text' ? undefined : markup[format];
  if (convert !== undefined) {
    const source = cleanText(body).trimEnd();
    return (room) => shrink(room, unit, (length) => convert(cutMarkup(source, length, unit)));
  }
  const { escape } = markup;
  const plain = plainOf(body, format).trimEnd();
  return (room) =>
    shrink(room, unit, (length) => {
      const [kept, mark] = cutParts(plain, length, unit);
      return escape(kept) + mark;
    });
}

/** Units by which the length is reduced in addition, so that few attempts are needed. */
const SHRINK_STEP = 16;

/** Makes a text of at most `room` units from a source that grows when it is escaped. The source is cut, never an entity or a tag of the result. */
function shrink(room: number, unit: Unit, make: (length: number) => string): string {
  let length = room;
  for (;;) {
    const text = make(length);
    const made = unit.length(text);
    if (made <= room) return text;
    if (length === 0) return '';
    length = Math.max(0, Math.floor((length * room) / made) - SHRINK_STEP);
  }
}

function imageLines({ image = '' }: Message, markup: Markup): string[] {
  const address = linkAddress(image);
  if (address === undefined) return [];
  return [markup.image === undefined ? markup.link('', address) : markup.image(address)];
}

/** Line for a link; an invalid address is shown as text. */
function linkLine(label: string, url: string, markup: Markup): string {
  const name = markup.escape(cutToBytes(cleanLine(label), MAX_TITLE));
  const address = linkAddress(url);
  return address === undefined
    ? `${name} ${markup.escape(cutToBytes(cleanLine(url), MAX_FIELD))}`.trim()
    : markup.link(name, address);
}

/** Largest shares of the limit for the title and the rest. */
const TITLE_SHARE = 0.25;
const REST_SHARE = 0.5;

const MORE = '…';

/** Joins title, body and rest in at most `limit` units. The title and the links are kept, and the body is cut with a mark. */
export function fitText({ title, body, rest, gap, unit, cut }: Layout, limit: number): string {
  const head = unit.length(title) > limit * TITLE_SHARE ? cut(title, Math.floor(limit * TITLE_SHARE)) : title;
  const tail = fitLines(rest, Math.floor(limit * REST_SHARE), unit);
  const gaps = [head, 'body', tail].filter((part) => part !== '').length - 1;
  const room = limit - unit.length(head) - unit.length(tail) - gaps * unit.length(gap);
  const text = [head, body(Math.max(0, room)), tail].filter((part) => part !== '').join(gap);
  // No provider takes an empty text.
  return text === '' ? MORE : text;
}

function fitLines(rest: readonly string[], limit: number, unit: Unit): string {
  const text = rest.join('\n');
  if (unit.length(text) <= limit) return text;
  let kept = '';
  for (const line of rest) {
    if (unit.length(kept) + unit.length(line) + unit.length(MORE) + 2 > limit) continue;
    kept += `${line}\n`;
  }
  return kept + MORE;
}

const SMALLEST_STEP = 64;

/** Builds a request that has at most `limit` bytes as JSON. `build` gets the room for its text. */
export function fitJson(build: (room: number) => unknown, limit: number): unknown {
  let room = limit;
  for (;;) {
    const payload = build(room);
    const excess = byteLength(JSON.stringify(payload)) - limit;
    if (excess <= 0 || room === 0) return payload;
    // Escaping in JSON at most doubles a text without control characters.
    room = Math.max(0, room - Math.max(SMALLEST_STEP, Math.ceil(excess / 2)));
  }
}
