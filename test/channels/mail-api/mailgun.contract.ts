import { mailgun } from '../../../daemon/channels/mail-api/mailgun.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';
import { ADDRESSES, mailCases } from './mail-cases.ts';

export const KEY = 'kx83jd02s9d8f7-mailgun';
export const OK = { body: { id: '<20261123.1@mg.example.com>', message: 'Queued. Thank you.' } };
export const refused = (status: number, message: string) => ({ status, body: { message } });

export const contract: ChannelContract = {
  type: mailgun,
  secrets: [KEY],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, key: KEY, domain: 'mg.example.com', ...ADDRESSES }),
      responses: { success: OK },
    }),
  refusals: [
    {
      when: 'a field of the mail is not valid',
      answer: refused(400, "'to' parameter is not a valid address. please check documentation"),
      class: 'permanent',
      code: 'mailgun.400',
      mend: 'correct the field that the answer names',
    },
    {
      when: 'the key is unknown, or of the other region',
      answer: { status: 401, body: 'Forbidden' },
      class: 'permanent',
      code: 'http.401',
      misconfigured: true,
      mend: 'copy the key again; set `region` to that of the domain',
    },
    {
      when: 'the account has to be paid',
      answer: refused(402, 'Payment required'),
      class: 'permanent',
      code: 'mailgun.402',
      misconfigured: true,
      mend: 'look at the billing of the account',
    },
    {
      when: 'the domain may not send',
      answer: refused(403, 'The domain mg.example.com is not allowed to send: Domain unverified'),
      class: 'permanent',
      code: 'mailgun.403',
      misconfigured: true,
      mend: 'verify the domain under Sending, Domains; in a sandbox domain, authorize the recipient',
    },
    {
      when: 'there is no such domain in this region',
      answer: refused(404, 'Domain not found: mg.example.com'),
      class: 'permanent',
      code: 'mailgun.404',
      misconfigured: true,
      mend: 'correct `domain`; set `region` to that of the domain',
    },
    {
      when: 'the mail is larger than 25 MB',
      answer: refused(413, 'Message is too big'),
      class: 'permanent',
      code: 'mailgun.413',
      mend: 'attach smaller files',
    },
    {
      when: 'there are too many requests, or the limit of the domain is reached',
      answer: refused(429, 'Domain mg.example.com is not allowed to send: request limit exceeded, try again after Mon'),
      class: 'transient',
      code: 'mailgun.429',
      mend: 'wait; set `delivery.rate`, or change the plan',
    },
  ],
  cases: {
    ...mailCases((received) => {
      const { subject = '', text = '', html = '', ...others } = JSON.parse(received) as Record<string, string>;
      const headers = Object.entries(others)
        .filter(([name]) => name.startsWith('h:'))
        .map(([name, value]) => [name.slice(2), value] as const);
      return { subject, text, html, headers: Object.fromEntries(headers) };
    }),
  },
};
