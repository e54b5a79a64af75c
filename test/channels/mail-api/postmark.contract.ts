import { postmark } from '../../../daemon/channels/mail-api/postmark.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';
import { ADDRESSES, mailCases } from './mail-cases.ts';

export const TOKEN = '8f7e6d5c-kx83-jd02';
export const OK = {
  body: {
    To: 'ops@example.org',
    SubmittedAt: '2026-11-23T09:00:00.1Z',
    MessageID: '0a129aee-e1cd-480d-b08d-4f48548ff48d',
    ErrorCode: 0,
    Message: 'OK',
  },
};
export const refused = (ErrorCode: number, Message: string, status = 422) => ({ status, body: { ErrorCode, Message } });

export interface Payload {
  readonly Subject: string;
  readonly TextBody: string;
  readonly HtmlBody: string;
  readonly Headers: readonly { readonly Name: string; readonly Value: string }[];
}

export const headersOf = ({ Headers }: Pick<Payload, 'Headers'>): Record<string, string> =>
  Object.fromEntries(Headers.map(({ Name, Value }) => [Name, Value]));

export const contract: ChannelContract = {
  type: postmark,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({ settings: (api) => ({ api, key: TOKEN, ...ADDRESSES }), responses: { success: OK } }),
  refusals: [
    {
      when: 'the token is wrong or missing',
      answer: refused(10, 'No Account or Server API tokens were supplied in the HTTP headers.', 401),
      class: 'permanent',
      code: 'postmark.10',
      misconfigured: true,
      mend: 'copy the token of the server again, not that of the account',
    },
    {
      when: 'Postmark is under maintenance',
      answer: refused(100, 'The Postmark API is offline for maintenance.', 503),
      class: 'transient',
      code: 'postmark.100',
      mend: 'wait',
    },
    {
      when: 'an address is not valid',
      answer: refused(300, "Error parsing 'To': Illegal email address."),
      class: 'permanent',
      code: 'postmark.300',
      mend: 'correct the address that the answer names',
    },
    {
      when: '`from` has no sender signature',
      answer: refused(400, "The 'From' address you supplied is not a Sender Signature on your account."),
      class: 'permanent',
      code: 'postmark.400',
      misconfigured: true,
      mend: 'add the address or its domain under Sender Signatures',
    },
    {
      when: 'the sender signature is not confirmed',
      answer: refused(401, 'The From address has not been confirmed.'),
      class: 'permanent',
      code: 'postmark.401',
      misconfigured: true,
      mend: 'follow the link in the mail of Postmark',
    },
    {
      when: 'the request is not the JSON that Postmark reads',
      answer: refused(402, 'Received invalid JSON input.'),
      class: 'permanent',
      code: 'postmark.402',
      mend: 'look for a proxy between Belfry and Postmark that changes requests',
    },
    {
      when: 'the account has no credits left',
      answer: refused(405, 'Account has run out of credits.'),
      class: 'permanent',
      code: 'postmark.405',
      misconfigured: true,
      mend: 'buy credits',
    },
    {
      when: 'the recipient is inactive after a bounce or a complaint',
      answer: refused(406, 'You tried to send to recipient(s) that have been marked as inactive.'),
      class: 'permanent',
      code: 'postmark.406',
      mend: 'reactivate the address under Suppressions, if it works again',
    },
    {
      when: 'files of this type are not allowed',
      answer: refused(411, 'Attachments with the .exe extension are not allowed.'),
      class: 'permanent',
      code: 'postmark.411',
      mend: 'attach no programs',
    },
    {
      when: 'the account is not approved yet',
      answer: refused(
        412,
        'While your account is pending approval, all recipient addresses must share the same domain.',
      ),
      class: 'permanent',
      code: 'postmark.412',
      misconfigured: true,
      mend: 'ask Postmark for approval, or use a recipient of the domain of `from`',
    },
    {
      when: 'the account may not send',
      answer: refused(413, 'Your account is not allowed to send.'),
      class: 'permanent',
      code: 'postmark.413',
      misconfigured: true,
      mend: 'ask the support of Postmark',
    },
    {
      when: 'there are too many requests',
      answer: refused(429, 'Rate limit exceeded.', 429),
      class: 'transient',
      code: 'postmark.429',
      mend: 'wait; set `delivery.rate`',
    },
  ],
  cases: {
    ...mailCases((received) => {
      const mail = JSON.parse(received) as Payload;
      return { subject: mail.Subject, text: mail.TextBody, html: mail.HtmlBody, headers: headersOf(mail) };
    }),
  },
};
