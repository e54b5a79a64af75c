import type { Format, Message } from '../../../core/message/message.ts';
import { plainFromHtml, plainFromMarkdown } from './markup.ts';
import { cleanLine, cleanText } from './text.ts';

/** What a message says where there is no markup at all. */

const PLAIN: Readonly<Record<Format, (text: string) => string>> = {
  text: (text) => text,
  markdown: plainFromMarkdown,
  html: plainFromHtml,
};

/** The title on one line, without markup or control characters. */
export const plainTitle = (message: Message): string => cleanLine(PLAIN[message.format](message.title));

/** The body without markup or control characters. */
export const plainBody = (message: Message): string => cleanText(PLAIN[message.format](message.body)).trim();

/** The body, and under it the fields, actions and link that a channel has no place of its own for, one a line. */
export function plainBodyWithDetails(message: Message): string {
  const fields = Object.entries(message.fields ?? {}).map(([name, value]) => `${cleanLine(name)}: ${cleanLine(value)}`);
  const actions = (message.actions ?? []).map(({ label, url }) => `${cleanLine(label)}: ${cleanLine(url)}`);
  const link = message.link === undefined ? [] : [cleanLine(message.link)];
  return [plainBody(message), fields.join('\n'), [...actions, ...link].join('\n')]
    .filter((part) => part !== '')
    .join('\n\n');
}
