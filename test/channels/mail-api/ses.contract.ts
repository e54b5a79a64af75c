import { ses } from '../../../daemon/channels/mail-api/ses.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';
import { ADDRESSES, mailCases } from './mail-cases.ts';
import { headersOf } from './postmark.contract.ts';

export const SETTINGS = {
  region: 'eu-west-1',
  access_key_id: 'AKIDEXAMPLE',
  secret_access_key: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  session_token: 'token-kx83jd02',
  ...ADDRESSES,
};
export const OK = { body: { MessageId: '0102018f-7e6d-5c4b' } };
/** The code is in a header, with an address after it. */
export const refused = (status: number, name: string, message: string) => ({
  status,
  headers: { 'x-amzn-errortype': `${name}:http://internal.amazon.com/coral/com.amazonaws.services.sesv2/` },
  body: { message },
});

export interface Payload {
  readonly Content: {
    readonly Simple: {
      readonly Subject: { readonly Data: string };
      readonly Body: { readonly Text: { readonly Data: string }; readonly Html: { readonly Data: string } };
      readonly Headers: readonly { readonly Name: string; readonly Value: string }[];
    };
  };
}

export const contract: ChannelContract = {
  type: ses,
  secrets: [SETTINGS.secret_access_key, SETTINGS.session_token],
  openDestination: () => openHttpDestination({ settings: (api) => ({ api, ...SETTINGS }), responses: { success: OK } }),
  refusals: [
    {
      when: 'there is no such access key',
      answer: refused(403, 'UnrecognizedClientException', 'The security token included in the request is invalid.'),
      class: 'permanent',
      code: 'ses.UnrecognizedClientException',
      misconfigured: true,
      mend: 'make a new access key; temporary credentials need `session_token`, too',
    },
    {
      when: 'the secret of the access key is wrong',
      answer: refused(403, 'InvalidSignatureException', 'The request signature we calculated does not match.'),
      class: 'permanent',
      code: 'ses.InvalidSignatureException',
      misconfigured: true,
      mend: 'copy `secret_access_key` again',
    },
    {
      when: 'the temporary credentials have expired',
      answer: refused(403, 'ExpiredTokenException', 'The security token included in the request is expired'),
      class: 'permanent',
      code: 'ses.ExpiredTokenException',
      misconfigured: true,
      mend: 'use the access key of a user, which does not expire',
    },
    {
      when: 'the access key has no right to send',
      answer: refused(403, 'AccessDeniedException', 'User is not authorized to perform `ses:SendEmail`'),
      class: 'permanent',
      code: 'ses.AccessDeniedException',
      misconfigured: true,
      mend: 'allow `ses:SendEmail` in the policy of the user',
    },
    {
      when: 'a field of the mail is not valid',
      answer: refused(400, 'BadRequestException', 'Missing final domain'),
      class: 'permanent',
      code: 'ses.BadRequestException',
      mend: 'correct the address that the answer names',
    },
    {
      when: '`from` is not verified, or in the sandbox the recipient',
      answer: refused(
        400,
        'MessageRejected',
        'Email address is not verified. The following identities failed the check',
      ),
      class: 'permanent',
      code: 'ses.MessageRejected',
      misconfigured: true,
      mend: 'verify the address in this region, or ask for production access',
    },
    {
      when: 'SES refuses the content of the mail',
      answer: refused(400, 'MessageRejected', 'Transaction failed: Illegal content'),
      class: 'permanent',
      code: 'ses.MessageRejected',
      misconfigured: false,
      mend: 'look at the text and the files of the mail',
    },
    {
      when: 'the MAIL FROM domain is not verified',
      answer: refused(400, 'MailFromDomainNotVerifiedException', 'MAIL FROM domain is not verified'),
      class: 'permanent',
      code: 'ses.MailFromDomainNotVerifiedException',
      misconfigured: true,
      mend: 'set its MX record',
    },
    {
      when: 'the account may not send any more',
      answer: refused(400, 'AccountSuspendedException', 'Account suspended'),
      class: 'permanent',
      code: 'ses.AccountSuspendedException',
      misconfigured: true,
      mend: 'answer the case in the support centre of Amazon',
    },
    {
      when: 'sending is paused for the account',
      answer: refused(400, 'SendingPausedException', 'Email sending is disabled.'),
      class: 'permanent',
      code: 'ses.SendingPausedException',
      misconfigured: true,
      mend: 'resume sending in the console of SES',
    },
    {
      when: 'the quota of the day is used up',
      answer: refused(429, 'TooManyRequestsException', 'Daily message quota exceeded.'),
      class: 'transient',
      code: 'ses.TooManyRequestsException',
      retryAfter: 3_600_000,
      mend: 'wait, or ask for a larger quota',
    },
    {
      when: 'mails come faster than the account may send',
      answer: refused(429, 'TooManyRequestsException', 'Maximum sending rate exceeded.'),
      class: 'transient',
      code: 'ses.TooManyRequestsException',
      mend: 'set `delivery.rate` to the rate of the account',
    },
    {
      when: 'a limit of the account is reached',
      answer: { status: 400, body: { __type: 'com.amazonaws.sesv2#LimitExceededException', message: 'limit' } },
      class: 'transient',
      code: 'ses.LimitExceededException',
      retryAfter: 3_600_000,
      mend: 'wait, or ask for a larger quota',
    },
    {
      when: 'the clock of this machine is wrong',
      answer: refused(403, 'InvalidSignatureException', 'Signature expired: 20261123T040000Z is now earlier than'),
      class: 'permanent',
      code: 'ses.InvalidSignatureException',
      misconfigured: true,
      mend: 'set the clock, for example by NTP',
    },
  ],
  cases: {
    ...mailCases((received) => {
      const { Subject, Body, Headers } = (JSON.parse(received) as Payload).Content.Simple;
      return { subject: Subject.Data, text: Body.Text.Data, html: Body.Html.Data, headers: headersOf({ Headers }) };
    }),
  },
};
