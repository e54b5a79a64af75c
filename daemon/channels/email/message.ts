import type { SendMailOptions } from 'nodemailer';
import type { Delivery } from '../../core/delivery/delivery.ts';
import { escapeFor } from '../../core/message/escape.ts';
import type { Format, Message, Priority } from '../../core/message/message.ts';
import { sha256 } from '../../lib/sha256.ts';
import { domainOf, type MailAddress } from '../kit/mail/address.ts';
import type { Attachments } from '../kit/mail/attachments.ts';
import { htmlFromMarkdown, htmlLink } from '../kit/text/dialects.ts';
import { plainBodyWithDetails, plainTitle } from '../kit/text/plain.ts';
import { cleanLine, cleanText, cutMarkup, cutToBytes } from '../kit/text/text.ts';

export interface MailMessage {
  readonly message: Message;
  readonly delivery: Delivery;
  readonly from: MailAddress;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly replyTo: readonly MailAddress[];
  readonly attachments: Attachments;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Longer than any subject that mail programs show. */
const MAX_SUBJECT_BYTES = 300;
const MAX_BODY_BYTES = 64 * 1024;

const IMPORTANCE: Readonly<Record<Priority, 'low' | 'normal' | 'high'>> = {
  min: 'low',
  low: 'low',
  normal: 'normal',
  high: 'high',
  urgent: 'high',
};

/** Writes a message as a mail. The Message-ID is the delivery's in every attempt; mails with one `replace_key` form a thread. */
export function mailOf({ message, delivery, from, to, cc, replyTo, attachments, now }: MailMessage): SendMailOptions {
  const domain = domainOf(from);
  const cut = { ...message, body: cutMarkup(message.body, MAX_BODY_BYTES) };
  const subject = cutToBytes(plainTitle(message), MAX_SUBJECT_BYTES);
  const thread =
    message.replace_key === undefined ? undefined : threadId(delivery.channel, message.replace_key, domain);
  return {
    from: { ...from },
    to: to.map((address) => ({ ...address })),
    ...(cc.length > 0 && { cc: cc.map((address) => ({ ...address })) }),
    ...(replyTo.length > 0 && { replyTo: replyTo.map((address) => ({ ...address })) }),
    subject: subject === '' ? 'Notification' : subject,
    text: mailText(cut, attachments.left),
    html: mailHtml(cut, attachments.left),
    attachments: attachments.files.map((file) => ({ ...file })),
    date: new Date(now),
    messageId: `<${delivery.id}@${domain}>`,
    ...(thread !== undefined && { inReplyTo: thread, references: [thread] }),
    priority: IMPORTANCE[message.priority],
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

/** Message-ID to which all mails of a thread refer; no mail has it. */
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
