import { each, misconfigured, permanent, rateLimited, transient, textIn } from '../kit/http/answers.ts';
import { secondsOf } from '../kit/http/failures.ts';
import { key } from '../kit/http/settings.ts';
import { headerAddress } from '../kit/mail/header.ts';
import { defineMailChannel, withoutEmpty } from './mail.ts';

const HOUR_MS = 60 * 60 * 1000;

/** Resend. https://resend.com/docs/api-reference/emails/send-email */
export const resend = defineMailChannel({
  type: 'resend',
  summary: 'Mail over the API of Resend',
  documentation: 'https://resend.com/docs/api-reference/emails/send-email',
  setup: [
    'In Resend open Domains and verify the domain of `from`.',
    'Open API Keys, Create API Key, with the permission Sending access.',
    'Copy the key, which begins with `re_`; it is shown once.',
  ],
  example: { key: '${env:RESEND_KEY}', from: 'Belfry <belfry@example.com>', to: 'ops@example.com' },
  receipt: 'id of the mail',
  api: 'https://api.resend.com',
  settings: { key: key('An API key with sending access.', '${env:RESEND_KEY}') },
  keys: { key: '' },
  // https://resend.com/docs/api-reference/rate-limit
  rate: '2/1s',
  // A repeated key is answered with the first mail for 24 hours. https://resend.com/docs/dashboard/emails/idempotency-keys
  idempotent: true,
  maxRecipients: 50,
  request: ({ from, to, cc, bcc, replyTo, files, ...mail }, { settings: { key: apiKey }, api, io }) => ({
    url: `${api}/emails`,
    headers: { authorization: `Bearer ${apiKey.reveal()}`, 'idempotency-key': io.delivery.id },
    json: {
      from: headerAddress(from),
      to: to.map(headerAddress),
      ...withoutEmpty({
        cc: cc.map(headerAddress),
        bcc: bcc.map(headerAddress),
        reply_to: replyTo.map(headerAddress),
      }),
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      // Resend sets the Message-ID itself.
      headers: mail.headers,
      ...withoutEmpty({
        attachments: files.map(({ filename, contentType, content }) => ({
          filename,
          content: content.toString('base64'),
          content_type: contentType,
        })),
      }),
    },
  }),
  answers: {
    read({ headers, json: { id, name, message } }) {
      if (typeof id === 'string') return { ok: true, id };
      if (typeof name !== 'string') return undefined;
      const retryAfter = secondsOf(Number(headers['ratelimit-reset'] ?? Number.NaN));
      return {
        ok: false,
        code: name,
        message: textIn(message),
        ...(retryAfter !== undefined && { retryAfter }),
      };
    },
    // https://resend.com/docs/api-reference/errors
    codes: {
      ...each(
        'missing_api_key invalid_api_key restricted_api_key invalid_access',
        misconfigured('the API key is refused'),
      ),
      invalid_from_address: misconfigured('`from` is not valid'),
      ...each(
        'invalid_idempotency_key invalid_attachment invalid_parameter missing_required_field method_not_allowed not_found',
        permanent('the request is not valid'),
      ),
      invalid_idempotent_request: permanent('another mail was sent with the id of this delivery'),
      concurrent_idempotent_requests: transient('an earlier attempt is still being handled'),
      security_error: permanent('Resend refuses the mail as a security risk'),
      rate_limit_exceeded: rateLimited('too many requests'),
      ...each('daily_quota_exceeded monthly_quota_exceeded', rateLimited('the quota of mails is used up', HOUR_MS)),
      ...each('application_error internal_server_error', transient('Resend has an error')),
    },
    /** Cause of the one code that stands for a wrong field, a wrong key and an unverified domain. */
    meaning({ code, message = '' }, { status }) {
      if (code !== 'validation_error') return undefined;
      if (status === 401 || /api key/i.test(message)) return misconfigured('the API key is refused');
      if (status === 403) return misconfigured('the domain of `from` is not verified');
      return permanent('a field of the mail is not valid');
    },
  },
});
