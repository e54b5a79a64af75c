import { each, misconfigured, permanent, rateLimited, transient, textIn, idIn } from '../kit/http/answers.ts';
import { key } from '../kit/http/settings.ts';
import { headerAddress, headerAddresses } from '../kit/mail/header.ts';
import { defineMailChannel, withoutEmpty } from './mail.ts';

/** Text of a success that leaves out some recipients. https://github.com/ActiveCampaign/postmark-gem/blob/main/lib/postmark/error.rb */
const INACTIVE = /these inactive addresses:\s*((?:[^\s,]+,\s*)*[^\s,]+?)\.?(?:\s|$)/;

/** Postmark. https://postmarkapp.com/developer/api/email-api */
export const postmark = defineMailChannel({
  type: 'postmark',
  summary: 'Mail over the API of Postmark',
  documentation: 'https://postmarkapp.com/developer/api/email-api',
  setup: [
    'In Postmark open Sender Signatures and confirm the domain or the address of `from`.',
    'Open the server, API Tokens, and copy the Server API token.',
    'Until Postmark has approved the account, mail goes to addresses of the domain of `from` only.',
  ],
  example: { key: '${env:POSTMARK_TOKEN}', from: 'Belfry <belfry@example.com>', to: 'ops@example.com' },
  receipt: 'id of the message',
  api: 'https://api.postmarkapp.com',
  settings: { key: key('The token of a server.', '${env:POSTMARK_TOKEN}') },
  keys: { key: '' },
  maxRecipients: 50,
  // 10 MB for the whole mail, in which base64 adds a third. https://postmarkapp.com/developer/user-guide/send-email-with-api
  maxFileBytes: 7 * 2 ** 20,
  request: ({ from, to, cc, bcc, replyTo, files, ...mail }, { settings: { key: token }, api }) => ({
    url: `${api}/email`,
    headers: { 'x-postmark-server-token': token.reveal(), accept: 'application/json' },
    json: {
      From: headerAddress(from),
      To: headerAddresses(to),
      ...(cc.length > 0 && { Cc: headerAddresses(cc) }),
      ...(bcc.length > 0 && { Bcc: headerAddresses(bcc) }),
      ...(replyTo.length > 0 && { ReplyTo: headerAddresses(replyTo) }),
      Subject: mail.subject,
      TextBody: mail.text,
      HtmlBody: mail.html,
      // Postmark keeps the Message-ID only with the second header. https://postmarkapp.com/developer/user-guide/send-email-with-smtp
      Headers: Object.entries({ ...mail.headers, 'Message-ID': mail.messageId, 'X-PM-KeepID': 'true' }).map(
        ([Name, Value]) => ({ Name, Value }),
      ),
      ...withoutEmpty({
        Attachments: files.map(({ filename, contentType, content }) => ({
          Name: filename,
          Content: content.toString('base64'),
          ContentType: contentType,
        })),
      }),
      TrackOpens: false,
      TrackLinks: 'None',
      MessageStream: 'outbound',
    },
  }),
  answers: {
    read({ json: { ErrorCode: code, Message: message, MessageID: id } }) {
      const [, refused] = INACTIVE.exec(textIn(message)) ?? [];
      if (code === 0) return { ok: true, ...idIn(id), ...(refused !== undefined && { refused }) };
      return typeof code === 'number' ? { ok: false, code, message: textIn(message) } : undefined;
    },
    // https://postmarkapp.com/developer/api/overview#error-codes
    codes: {
      10: misconfigured('the token is refused'),
      100: transient('Postmark is under maintenance'),
      300: permanent('an address or another field of the mail is not valid'),
      400: misconfigured('there is no sender signature for `from`'),
      401: misconfigured('the sender signature of `from` is not confirmed'),
      ...each('402 403 409', permanent('the request is not valid')),
      405: misconfigured('the account has no credits left'),
      406: permanent('Postmark sends nothing to this recipient, after a bounce or a complaint'),
      411: permanent('the type of a file is not allowed'),
      412: misconfigured('the account is not approved yet'),
      413: misconfigured('the account may not send'),
      429: rateLimited('too many requests'),
    },
  },
});
