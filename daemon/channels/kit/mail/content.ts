import type { Delivery } from '../../../core/delivery/delivery.ts';
import { escapeFor } from '../../../core/message/escape.ts';
import type { Format, Message, Priority } from '../../../core/message/message.ts';
import { sha256 } from '../../../lib/sha256.ts';
import { htmlFromMarkdown, htmlLink } from '../text/dialects.ts';
import { plainBodyWithDetails, plainTitle } from '../text/plain.ts';
import { cleanLine, cleanText, cutMarkup, cutToBytes } from '../text/text.ts';
import { domainOf, type MailAddress } from './address.ts';

/** Content of a mail, whatever sends it. */
export interface MailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** The same in every attempt of a delivery. */
  readonly messageId: string;
  /** Message-ID to which all mails of a thread refer; no mail has it. */
  readonly thread?: string;
  readonly importance: 'low' | 'normal' | 'high';
  readonly headers: Readonly<Record<string, string>>;
}

/** Longer than any subject that mail programs show. */
const MAX_SUBJECT_BYTES = 300;
const MAX_BODY_BYTES = 64 * 1024;

const IMPORTANCE: Readonly<Record<Priority, MailContent['importance']>> = {
  min: 'low',
  low: 'low',
  normal: 'normal',
  high: 'high',
  urgent: 'high',
};

/** Writes a message as a mail; mails with one `replace_key` form a thread. `left`: lines about files that are not attached. */
export function contentOf(
  message: Message,
  delivery: Delivery,
  from: MailAddress,
  left: readonly string[],
): MailContent {
  const domain = domainOf(from);
  const cut = { ...message, body: cutMarkup(message.body, MAX_BODY_BYTES) };
  const subject = cutToBytes(plainTitle(message), MAX_SUBJECT_BYTES);
  return {
    subject: subject === '' ? 'Notification' : subject,
    text: mailText(cut, left),
    html: mailHtml(cut, left),
    messageId: `<${delivery.id}@${domain}>`,
    ...(message.replace_key !== undefined && { thread: threadId(delivery.channel, message.replace_key, domain) }),
    importance: IMPORTANCE[message.priority],
    headers: {
      // RFC 3834: keeps automatic replies away.
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'X-Belfry-Rule': cleanLine(delivery.rule),
      'X-Belfry-Delivery': delivery.id,
      'X-Belfry-Priority': message.priority,
    },
  };
}

function threadId(channel: string, key: string, domain: string): string {
  return `<thread.${sha256(JSON.stringify([channel, key])).slice(0, 32)}@${domain}>`;
}

const tagLine = (message: Message): string =>
  message.tags.length === 0 ? '' : `Tags: ${message.tags.map(cleanLine).join(', ')}`;

function mailText(message: Message, left: readonly string[]): string {
  const parts = [plainBodyWithDetails(message), left.join('\n'), tagLine(message)].filter((part) => part !== '');
  return `${parts.length === 0 ? plainTitle(message) : parts.join('\n\n')}\n`;
}

/** Body as HTML. Values of the event are escaped already; HTML of the rule is used unchanged. */
const BODIES: Readonly<Record<Format, (body: string) => string>> = {
  text: (body) => `<div style="white-space:pre-wrap">${escaped(cleanText(body))}</div>`,
  markdown: (body) => htmlFromMarkdown(cleanText(body)),
  html: cleanText,
};

const escaped = (text: string): string => escapeFor(text, 'html');

function mailHtml(message: Message, left: readonly string[]): string {
  const body = message.body.trim() === '' ? BODIES.text(plainTitle(message)) : BODIES[message.format](message.body);
  const links = [
    ...(message.actions ?? []).map(({ label, url }) => htmlLink(cleanLine(label), cleanLine(url))),
    ...(message.link === undefined ? [] : [htmlLink(cleanLine(message.link), cleanLine(message.link))]),
  ];
  const parts = [
    body,
    fieldTable(message.fields ?? {}),
    links.length === 0 ? '' : `<p>${links.join('<br>\n')}</p>`,
    left.length === 0 ? '' : `<p>${left.map(escaped).join('<br>\n')}</p>`,
    message.tags.length === 0 ? '' : `<p style="color:#666">${escaped(tagLine(message))}</p>`,
  ];
  return `<!doctype html>\n<html><head><meta charset="utf-8"></head><body>\n${parts.filter((part) => part !== '').join('\n')}\n</body></html>\n`;
}

function fieldTable(fields: Readonly<Record<string, string>>): string {
  const rows = Object.entries(fields).map(
    ([name, value]) =>
      `<tr><th align="left" valign="top">${escaped(cleanLine(name))}</th><td>${escaped(cleanLine(value))}</td></tr>`,
  );
  return rows.length === 0 ? '' : `<table cellpadding="4">\n${rows.join('\n')}\n</table>`;
}
