import path from 'node:path';
import type { SettingProblem } from '../../core/compile/registry.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Message } from '../../core/message/message.ts';
import type { TProperties } from '../../core/schema/type.ts';
import type { ChannelGuide, ChannelLimits, ChannelType } from '../channel.ts';
import type { Answers } from '../kit/http/answers.ts';
import type { HttpChannel, RequestContext, Settings } from '../kit/http/channel.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import type { ChannelRequest } from '../kit/http/request.ts';
import { type MailAddress, parseAddress } from '../kit/mail/address.ts';
import { type Attachments, readAttachments } from '../kit/mail/attachments.ts';
import { contentOf, type MailContent } from '../kit/mail/content.ts';
import { encodedWords, wireAddress } from '../kit/mail/header.ts';
import {
  addressProblems,
  type MailSettings,
  mailSettings,
  parsed,
  recipientFault,
  type Recipients,
  recipientsOf,
} from '../kit/mail/recipients.ts';
import { COMMONMARK } from '../kit/text/layout.ts';

/** Mail services over HTTP. They send the same mail as SMTP does, and differ in the form of the request and in the answers. */

export interface ApiFile {
  readonly filename: string;
  readonly contentType: string;
  readonly content: Buffer;
}

/** Mail to send; each address is in one of the lists only. */
export interface ApiMail extends Recipients, Pick<MailContent, 'subject' | 'text' | 'html' | 'messageId'> {
  readonly from: MailAddress;
  readonly replyTo: readonly MailAddress[];
  /** Headers besides Message-ID, in ASCII. */
  readonly headers: Readonly<Record<string, string>>;
  readonly files: readonly ApiFile[];
}

export interface MailService<P extends TProperties> extends ChannelGuide {
  readonly type: string;
  readonly summary: string;
  readonly documentation: string;
  readonly api: HttpChannel<P>['api'];
  /** Settings besides the addresses. */
  readonly settings: P;
  readonly keys?: HttpChannel<P>['keys'];
  readonly check?: HttpChannel<P>['check'];
  /** The documented rate, if it is not that of each account. */
  readonly rate?: string;
  readonly idempotent?: boolean;
  /** Recipients of one mail, of all kinds together. */
  readonly maxRecipients: number;
  /** Bytes of all files together, before they are encoded; 10 MiB if not given. */
  readonly maxFileBytes?: number;
  readonly request: (mail: ApiMail, context: RequestContext<Settings<P>>) => ChannelRequest | Promise<ChannelRequest>;
  readonly answers: Answers;
}

/** Files take longer to send than a text. */
const LIMITS: ChannelLimits = { timeout: '30s', text: '64 KiB' };

/** Makes a channel type of a mail service. */
export function defineMailChannel<P extends TProperties>(service: MailService<P>): ChannelType {
  const { settings, rate, maxRecipients, maxFileBytes, request, ...others } = service;
  const channel = {
    ...others,
    settings: { ...settings, ...mailSettings() },
    limits: { ...LIMITS, ...(rate !== undefined && { rate }) },
    supports: { kept: 'markdown html priority link actions fields attach replace_key to', text: 'tags' },
    attachesFiles: true,
    markup: COMMONMARK,
    names: { to: recipientFault },
    check: (given: Settings<P> & MailSettings) => [
      ...addressProblems({ ...given, to: [] }),
      ...tooMany(given, maxRecipients),
      ...(service.check?.(given) ?? []),
    ],
    async request(message: Message, context: RequestContext<Settings<P> & MailSettings>) {
      const recipients = recipientsOf(context.settings, message, maxRecipients, `${service.type}.bad_recipient`);
      const { delivery } = context.io;
      const attachments = await readAttachments(message.attach ?? [], context.attachFrom, maxFileBytes);
      const mail = mailOf(context.settings, recipients, message, delivery, attachments);
      return await request(mail, context);
    },
  };
  return defineHttpChannel(channel as unknown as HttpChannel<TProperties>);
}

function tooMany({ to, cc = [], bcc = [] }: MailSettings, max: number): SettingProblem[] {
  const count = to.length + cc.length + bcc.length;
  if (count <= max) return [];
  const message = `there are ${count} recipients, and the service sends a mail to ${max} at most`;
  return [{ pointer: '/to', message, mend: 'use a mailing list, or several channels' }];
}

function mailOf(
  settings: MailSettings,
  { to, cc, bcc }: Recipients,
  message: Message,
  delivery: Delivery,
  { files, left }: Attachments,
): ApiMail {
  const from = parseAddress(settings.from)!;
  const { thread, importance, headers, ...content } = contentOf(message, delivery, from, left);
  const once = withoutRepeats();
  return {
    ...content,
    from,
    to: to.filter(once),
    cc: cc.filter(once),
    bcc: bcc.filter(once),
    replyTo: parsed(settings.reply_to ?? []),
    headers: inAscii({
      ...headers,
      ...(thread !== undefined && { 'In-Reply-To': thread, References: thread }),
      ...IMPORTANCE_HEADERS[importance],
    }),
    files: files.map((file) => ({ ...file, contentType: contentTypeOf(file.filename) })),
  };
}

/** Filter for addresses; several services refuse a mail that names one twice. */
function withoutRepeats(): (address: MailAddress) => boolean {
  const seen = new Set<string>();
  return (address) => {
    const name = wireAddress(address).toLowerCase();
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  };
}

/** Headers by which mail programs mark a mail as important, as `email` writes them. */
const IMPORTANCE_HEADERS: Readonly<Record<MailContent['importance'], Readonly<Record<string, string>>>> = {
  high: { 'X-Priority': '1 (Highest)', 'X-MSMail-Priority': 'High', Importance: 'High' },
  normal: {},
  low: { 'X-Priority': '5 (Lowest)', 'X-MSMail-Priority': 'Low', Importance: 'Low' },
};

const inAscii = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, encodedWords(value)]));

/** Content types by the end of a file name; others are `application/octet-stream`. */
const CONTENT_TYPES: Readonly<Record<string, string>> = {
  '.csv': 'text/csv',
  '.gif': 'image/gif',
  '.htm': 'text/html',
  '.html': 'text/html',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.json': 'application/json',
  '.log': 'text/plain',
  '.pdf': 'application/pdf',
  '.png': 'image/png',
  '.txt': 'text/plain',
  '.webp': 'image/webp',
  '.zip': 'application/zip',
};

const contentTypeOf = (filename: string): string =>
  CONTENT_TYPES[path.extname(filename).toLowerCase()] ?? 'application/octet-stream';

/** Fields of a request without those whose list is empty, which several services refuse. */
export const withoutEmpty = (
  fields: Readonly<Record<string, readonly unknown[]>>,
): Record<string, readonly unknown[]> =>
  Object.fromEntries(Object.entries(fields).filter(([, list]) => list.length > 0));
