import { each, misconfigured, permanent, rateLimited, textIn } from '../kit/http/answers.ts';
import { untilSeconds } from '../kit/http/failures.ts';
import { key } from '../kit/http/settings.ts';
import type { MailAddress } from '../kit/mail/address.ts';
import { wireAddress } from '../kit/mail/header.ts';
import { defineMailChannel, withoutEmpty } from './mail.ts';

/** A name with a comma or a semicolon must stand in quotes, as in the libraries of SendGrid. https://github.com/sendgrid/sendgrid-python/blob/main/sendgrid/helpers/mail/email.py */
const nameOf = (name: string): string => (/[,;]/.test(name) ? `"${name.replaceAll('"', "'")}"` : name);

const person = (address: MailAddress): { readonly email: string; readonly name?: string } => ({
  email: wireAddress(address),
  ...(address.name !== '' && { name: nameOf(address.name) }),
});

const HOUR_MS = 3_600_000;

/** SendGrid. https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send */
export const sendgrid = defineMailChannel({
  type: 'sendgrid',
  summary: 'Mail over the API of SendGrid',
  documentation: 'https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send',
  setup: [
    'In SendGrid open Settings, Sender Authentication, and verify the domain or the address of `from`.',
    'Open Settings, API Keys, Create API Key; choose Restricted Access with Mail Send.',
    'Copy the key, which begins with `SG.`; it is shown once. For the region EU set `api: https://api.eu.sendgrid.com`.',
  ],
  example: { key: '${env:SENDGRID_KEY}', from: 'Belfry <belfry@example.com>', to: 'ops@example.com' },
  receipt: 'id of the message (`X-Message-Id`)',
  api: 'https://api.sendgrid.com',
  settings: { key: key('An API key with the right to send mail.', '${env:SENDGRID_KEY}') },
  keys: { key: '' },
  maxRecipients: 1000,
  request: ({ from, to, cc, bcc, replyTo, files, ...mail }, { settings: { key: apiKey }, api }) => ({
    url: `${api}/v3/mail/send`,
    headers: { authorization: `Bearer ${apiKey.reveal()}` },
    json: {
      personalizations: [withoutEmpty({ to: to.map(person), cc: cc.map(person), bcc: bcc.map(person) })],
      from: person(from),
      ...withoutEmpty({ reply_to_list: replyTo.map(person) }),
      subject: mail.subject,
      content: [
        { type: 'text/plain', value: mail.text },
        { type: 'text/html', value: mail.html },
      ],
      headers: { ...mail.headers, 'Message-ID': mail.messageId },
      ...withoutEmpty({
        attachments: files.map(({ filename, contentType, content }) => ({
          content: content.toString('base64'),
          filename,
          type: contentType,
          disposition: 'attachment',
        })),
      }),
      // Links stay as they are, so that they show where they lead and a mail program cannot open them by looking.
      tracking_settings: { click_tracking: { enable: false, enable_text: false }, open_tracking: { enable: false } },
    },
  }),
  answers: {
    read({ status, headers, json: { errors }, now }) {
      const { 'x-message-id': id, 'x-ratelimit-reset': reset } = headers;
      if (status === 202) return { ok: true, ...(id !== undefined && { id }) };
      if (!Array.isArray(errors)) return undefined;
      const [{ message, field } = {}] = errors as readonly { message?: unknown; field?: unknown }[];
      const where = typeof field === 'string' ? ` (${field})` : '';
      // The time at which the quota is renewed, in seconds since the epoch. https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/rate-limits
      const retryAfter = untilSeconds(reset, now);
      return {
        ok: false,
        code: status,
        message: `${textIn(message)}${where}`,
        ...(retryAfter !== undefined && { retryAfter }),
      };
    },
    // https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/responses
    codes: {
      ...each('400 404 405 406 415', permanent('the request is not valid')),
      401: misconfigured('the API key is refused'),
      403: misconfigured('the sender is not verified, or the key may not send mail'),
      413: permanent('the mail is too large'),
      429: rateLimited('too many requests'),
    },
    // The code of a wrong key also stands for a used quota. https://github.com/sendgrid/sendgrid-nodejs/issues/1032
    meaning: ({ code, message = '' }) =>
      code === 401 && /credits exceeded/i.test(message)
        ? rateLimited('the quota of mails is used up', HOUR_MS)
        : undefined,
  },
});
