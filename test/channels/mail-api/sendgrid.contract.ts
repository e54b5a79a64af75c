import { sendgrid } from '../../../daemon/channels/mail-api/sendgrid.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';
import { ADDRESSES, mailCases } from './mail-cases.ts';

export const KEY = 'SG.kx83jd02-s9d8f7';
export const OK = { status: 202, headers: { 'x-message-id': 'Ua9z9lSTSaqYBWJe_Xfc-Q' }, body: '' };
export const refused = (status: number, message: string, field: string | null = null) => ({
  status,
  body: { errors: [{ message, field, help: null }] },
});

export interface Payload {
  readonly subject: string;
  readonly content: readonly { readonly type: string; readonly value: string }[];
  readonly headers: Readonly<Record<string, string>>;
}

export const contract: ChannelContract = {
  type: sendgrid,
  secrets: [KEY],
  openDestination: () =>
    openHttpDestination({ settings: (api) => ({ api, key: KEY, ...ADDRESSES }), responses: { success: OK } }),
  refusals: [
    {
      when: 'a field of the mail is not valid',
      answer: refused(400, 'Does not contain a valid address.', 'personalizations.0.to.0.email'),
      class: 'permanent',
      code: 'sendgrid.400',
      mend: 'correct the address that the answer names',
    },
    {
      when: 'the key is unknown or deleted',
      answer: refused(401, 'The provided authorization grant is invalid, expired, or revoked'),
      class: 'permanent',
      code: 'sendgrid.401',
      misconfigured: true,
      mend: 'make a new key',
    },
    {
      when: 'the mails of the plan are used up',
      answer: refused(401, 'Maximum credits exceeded'),
      class: 'transient',
      code: 'sendgrid.401',
      retryAfter: 3_600_000,
      mend: 'take a larger plan; Belfry tries again every hour, and `fallback` sends elsewhere',
    },
    {
      when: 'the sender is not verified, or the key may not send mail',
      answer: refused(403, 'The from address does not match a verified Sender Identity.', 'from'),
      class: 'permanent',
      code: 'sendgrid.403',
      misconfigured: true,
      mend: 'verify the address or the domain of `from`; give the key the right Mail Send',
    },
    {
      when: 'the mail is larger than 30 MB',
      answer: refused(413, 'Payload too large'),
      class: 'permanent',
      code: 'sendgrid.413',
      mend: 'attach smaller files',
    },
    {
      when: 'there are too many requests',
      answer: { ...refused(429, 'too many requests'), headers: { 'x-ratelimit-reset': '0', 'retry-after': '30' } },
      class: 'transient',
      code: 'sendgrid.429',
      retryAfter: 30_000,
      mend: 'wait; set `delivery.rate`, or look at the plan',
    },
  ],
  cases: {
    ...mailCases((received) => {
      const { subject, content, headers } = JSON.parse(received) as Payload;
      return { subject, text: content[0]!.value, html: content[1]!.value, headers };
    }),
  },
};
