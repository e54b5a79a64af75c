import {
  AWS_CODES,
  type AwsSettings,
  awsEndpoint,
  awsSettings,
  clockMeaning,
  signedHeaders,
} from '../kit/signing/aws.ts';
import { misconfigured, permanent, rateLimited, textIn } from '../kit/http/answers.ts';
import type { MailAddress } from '../kit/mail/address.ts';
import { asciiHeaderAddress } from '../kit/mail/header.ts';
import { type ApiMail, defineMailChannel, withoutEmpty } from './mail.ts';

const UTF8 = { Charset: 'UTF-8' } as const;
const listOf = (addresses: readonly MailAddress[]): string[] => addresses.map(asciiHeaderAddress);

/** Body of the request. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html */
function bodyOf({ from, to, cc, bcc, replyTo, files, ...mail }: ApiMail): unknown {
  return {
    FromEmailAddress: asciiHeaderAddress(from),
    Destination: withoutEmpty({ ToAddresses: listOf(to), CcAddresses: listOf(cc), BccAddresses: listOf(bcc) }),
    ...withoutEmpty({ ReplyToAddresses: listOf(replyTo) }),
    Content: {
      Simple: {
        Subject: { Data: mail.subject, ...UTF8 },
        Body: { Text: { Data: mail.text, ...UTF8 }, Html: { Data: mail.html, ...UTF8 } },
        // SES replaces a Message-ID by its own. https://docs.aws.amazon.com/ses/latest/dg/header-fields.html
        Headers: Object.entries(mail.headers).map(([Name, Value]) => ({ Name, Value })),
        ...withoutEmpty({
          Attachments: files.map(({ filename, contentType, content }) => ({
            FileName: filename,
            ContentType: contentType,
            ContentDisposition: 'ATTACHMENT',
            ContentTransferEncoding: 'BASE64',
            RawContent: content.toString('base64'),
          })),
        }),
      },
    },
  };
}

const DAY_QUOTA_PAUSE_MS = 60 * 60 * 1000;
const UNVERIFIED = misconfigured('`from`, or in the sandbox the recipient, is not verified in this region');

/** Amazon SES. https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html */
export const ses = defineMailChannel({
  type: 'ses',
  summary: 'Mail over Amazon SES',
  documentation: 'https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html',
  setup: [
    'In the console of Amazon SES choose a region, open Identities, and verify the domain or the address of `from`.',
    'In IAM create a user with a policy that allows `ses:SendEmail`, and an access key for it.',
    'A new account is in the sandbox, where recipients must be verified too: ask for production access under Account dashboard.',
  ],
  example: {
    region: 'eu-west-1',
    access_key_id: '${env:AWS_ACCESS_KEY_ID}',
    secret_access_key: '${env:AWS_SECRET_ACCESS_KEY}',
    from: 'Belfry <belfry@example.com>',
    to: 'ops@example.com',
  },
  receipt: 'id of the message',
  api: ({ region }) => awsEndpoint('email', region),
  settings: awsSettings(),
  maxRecipients: 50,
  request(mail, { settings, api, now }) {
    const url = `${api}/v2/email/outbound-emails`;
    const body = JSON.stringify(bodyOf(mail));
    const signed = { url, contentType: 'application/json', body, now };
    return { url, text: body, headers: signedHeaders(settings as AwsSettings, 'ses', signed) };
  },
  answers: {
    read({ headers, json: { MessageId: id, __type: type, message, Message } }) {
      if (typeof id === 'string') return { ok: true, id };
      const name = headers['x-amzn-errortype'] ?? type;
      // `MessageRejected:http://...` in the header, `com.amazonaws...#MessageRejected` in the body.
      const code = typeof name === 'string' ? name.replace(/:.*$/, '').replace(/^.*#/, '') : '';
      return /^\w+$/.test(code) ? { ok: false, code, message: textIn(message ?? Message) } : undefined;
    },
    codes: {
      ...AWS_CODES,
      BadRequestException: permanent('a field of the mail is not valid'),
      MessageRejected: permanent('SES refuses the content of the mail'),
      MailFromDomainNotVerifiedException: misconfigured('the MAIL FROM domain is not verified'),
      NotFoundException: misconfigured('SES does not find what the account names'),
      AccountSuspendedException: misconfigured('the account may not send any more'),
      SendingPausedException: misconfigured('sending is paused for the account'),
      LimitExceededException: rateLimited('the quota of mails is used up', DAY_QUOTA_PAUSE_MS),
    },
    // https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html
    meaning({ code, message = '' }) {
      if (code === 'MessageRejected' && /not verified/i.test(message)) return UNVERIFIED;
      if (code === 'TooManyRequestsException' && /daily/i.test(message))
        return rateLimited('the quota of mails is used up', DAY_QUOTA_PAUSE_MS);
      return clockMeaning(message);
    },
  },
});
