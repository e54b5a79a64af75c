import { resend } from '../../../daemon/channels/mail-api/resend.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';
import { ADDRESSES, mailCases, type SentMail } from './mail-cases.ts';

export const KEY = 're_kx83jd02_s9d8f7';
export const OK = { body: { id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794' } };
export const refused = (statusCode: number, name: string, message: string) => ({
  status: statusCode,
  body: { statusCode, name, message },
});

export const contract: ChannelContract = {
  type: resend,
  secrets: [KEY],
  openDestination: () =>
    openHttpDestination({ settings: (api) => ({ api, key: KEY, ...ADDRESSES }), responses: { success: OK } }),
  refusals: [
    {
      when: 'a field of the mail is not valid',
      answer: refused(422, 'validation_error', 'Invalid `to` field.'),
      class: 'permanent',
      code: 'resend.validation_error',
      misconfigured: false,
      mend: 'correct the field that the answer names',
    },
    {
      when: 'the key was deleted or is not one of Resend',
      answer: refused(401, 'validation_error', 'API key is invalid'),
      class: 'permanent',
      code: 'resend.validation_error',
      misconfigured: true,
      mend: 'make a new key',
    },
    {
      when: 'the domain of `from` is not verified',
      answer: refused(403, 'validation_error', 'The example.com domain is not verified.'),
      class: 'permanent',
      code: 'resend.validation_error',
      misconfigured: true,
      mend: 'verify the domain under Domains',
    },
    {
      when: 'the key is refused',
      answer: refused(403, 'invalid_api_key', 'API key is invalid'),
      class: 'permanent',
      code: 'resend.invalid_api_key',
      misconfigured: true,
      mend: 'make a new key',
    },
    {
      when: 'the key did not arrive',
      answer: refused(401, 'missing_api_key', 'Missing API Key'),
      class: 'permanent',
      code: 'resend.missing_api_key',
      misconfigured: true,
      mend: 'look for a proxy between Belfry and Resend that removes headers',
    },
    {
      when: '`from` is not written as a sender',
      answer: refused(422, 'invalid_from_address', 'Invalid `from` field.'),
      class: 'permanent',
      code: 'resend.invalid_from_address',
      misconfigured: true,
      mend: 'write `from` as `Belfry <belfry@example.com>`',
    },
    {
      when: 'a file cannot be attached',
      answer: refused(422, 'invalid_attachment', 'Attachment must have either a `content` or `path`.'),
      class: 'permanent',
      code: 'resend.invalid_attachment',
      mend: 'attach another file',
    },
    {
      when: 'another mail was sent with the id of this delivery',
      answer: refused(409, 'invalid_idempotent_request', 'Same idempotency key used with a different request payload.'),
      class: 'permanent',
      code: 'resend.invalid_idempotent_request',
      mend: 'nothing: the first mail was accepted; an attached file has changed since',
    },
    {
      when: 'an earlier attempt is still being handled',
      answer: refused(
        409,
        'concurrent_idempotent_requests',
        'Same idempotency key used while original request is still in progress.',
      ),
      class: 'transient',
      code: 'resend.concurrent_idempotent_requests',
      mend: 'wait',
    },
    {
      when: 'Resend sees a risk in the mail',
      answer: refused(451, 'security_error', 'We may have found a security issue with the request.'),
      class: 'permanent',
      code: 'resend.security_error',
      mend: 'ask the support of Resend',
    },
    {
      when: 'there are more than 2 requests a second',
      answer: {
        ...refused(429, 'rate_limit_exceeded', 'Too many requests.'),
        headers: { 'retry-after': '1', 'ratelimit-reset': '2' },
      },
      class: 'transient',
      code: 'resend.rate_limit_exceeded',
      retryAfter: 2000,
      mend: 'wait; set `delivery.rate`, if other programs use the account',
    },
    {
      when: 'the mails of the day are used up',
      answer: refused(429, 'daily_quota_exceeded', 'You have reached your daily email sending quota.'),
      class: 'transient',
      code: 'resend.daily_quota_exceeded',
      retryAfter: 3_600_000,
      mend: 'wait for the next day, or change the plan',
    },
    {
      when: 'the mails of the month are used up',
      answer: refused(429, 'monthly_quota_exceeded', 'You have reached your monthly email sending quota.'),
      class: 'transient',
      code: 'resend.monthly_quota_exceeded',
      retryAfter: 3_600_000,
      mend: 'change the plan',
    },
    {
      when: 'Resend has an error',
      answer: refused(500, 'application_error', 'An unexpected error occurred.'),
      class: 'transient',
      code: 'resend.application_error',
      mend: 'wait',
    },
  ],
  cases: {
    ...mailCases((received) => JSON.parse(received) as SentMail),
  },
};
