import { Type } from '../../core/schema/type.ts';
import { each, misconfigured, permanent, rateLimited } from '../kit/http/answers.ts';
import { basicCredentials } from '../kit/http/credentials/basic.ts';
import type { ChannelRequest } from '../kit/http/request.ts';
import { key } from '../kit/http/settings.ts';
import { isMailDomain } from '../kit/mail/address.ts';
import { headerAddress, headerAddresses } from '../kit/mail/header.ts';
import { type ApiFile, type ApiMail, defineMailChannel } from './mail.ts';

const HOSTS = { us: 'https://api.mailgun.net', eu: 'https://api.eu.mailgun.net' } as const;

/** Fields of the form. https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages */
function fieldsOf({ from, to, cc, bcc, replyTo, ...mail }: ApiMail): [string, string][] {
  const headers = { ...mail.headers, 'Message-Id': mail.messageId };
  return [
    ['from', headerAddress(from)],
    ['to', headerAddresses(to)],
    ...(cc.length > 0 ? [['cc', headerAddresses(cc)] as [string, string]] : []),
    ...(bcc.length > 0 ? [['bcc', headerAddresses(bcc)] as [string, string]] : []),
    ...(replyTo.length > 0 ? [['h:Reply-To', headerAddresses(replyTo)] as [string, string]] : []),
    ['subject', mail.subject],
    ['text', mail.text],
    ['html', mail.html],
    // Links stay as they are.
    ['o:tracking', 'no'],
    ...Object.entries(headers).map(([name, value]) => [`h:${name}`, value] as [string, string]),
  ];
}

/** Files need a form of several parts. */
async function withFiles(
  fields: readonly [string, string][],
  files: readonly ApiFile[],
): Promise<Omit<ChannelRequest, 'url'>> {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  for (const { filename, contentType, content } of files)
    form.append('attachment', new Blob([content], { type: contentType }), filename);
  const written = new Response(form);
  const contentTypeOfForm = written.headers.get('content-type')!;
  return { headers: { 'content-type': contentTypeOfForm }, text: Buffer.from(await written.arrayBuffer()) };
}

/** Mailgun. https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages */
export const mailgun = defineMailChannel({
  type: 'mailgun',
  summary: 'Mail over the API of Mailgun',
  documentation: 'https://documentation.mailgun.com/docs/mailgun/api-reference/send/mailgun/messages',
  setup: [
    'In Mailgun open Sending, Domains, and add and verify a domain; note whether its region is US or EU.',
    'Open the domain, Sending keys, Add sending key.',
    'Copy the key; it is shown once.',
  ],
  example: {
    key: '${env:MAILGUN_KEY}',
    domain: 'mg.example.com',
    region: 'eu',
    from: 'Belfry <belfry@mg.example.com>',
    to: 'ops@example.com',
  },
  receipt: 'id of the message',
  api: ({ region = 'us' }) => HOSTS[region],
  settings: {
    key: key('A sending key of the domain.', '${env:MAILGUN_KEY}'),
    domain: Type.String({ description: 'The domain that sends.', examples: ['mg.example.com'] }),
    region: Type.Optional(
      Type.Unsafe<'us' | 'eu'>({
        type: 'string',
        enum: ['us', 'eu'],
        description: 'The region of the domain.',
        examples: ['eu'],
        default: 'us',
      }),
    ),
  },
  keys: { key: '' },
  maxRecipients: 1000,
  check: ({ domain }) =>
    isMailDomain(domain)
      ? []
      : [{ pointer: '/domain', message: '`domain` is not a domain', mend: 'write it alone, as in `mg.example.com`' }],
  async request(mail, { settings: { key: apiKey, domain }, api }) {
    const fields = fieldsOf(mail);
    const body = mail.files.length === 0 ? { form: fields } : await withFiles(fields, mail.files);
    return {
      ...body,
      url: `${api}/v3/${encodeURIComponent(domain)}/messages`,
      headers: { ...('headers' in body && body.headers), authorization: basicCredentials('api', apiKey.reveal()) },
    };
  },
  answers: {
    read({ status, json: { id, message } }) {
      if (typeof id === 'string') return { ok: true, id };
      return typeof message === 'string' ? { ok: false, code: status, message } : undefined;
    },
    // https://documentation.mailgun.com/docs/mailgun/quickstart-guide/responses
    codes: {
      400: permanent('a field of the mail is not valid'),
      ...each('401 403', misconfigured('the key is refused, or the domain may not send')),
      402: misconfigured('the account has to be paid'),
      404: misconfigured('there is no such domain in this region'),
      413: permanent('the mail is too large'),
      429: rateLimited('too many requests'),
    },
  },
});
