import { expect } from 'vitest';
import { line } from '../../../../daemon/channels/chat/phone/line.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ChannelContract } from '../../contract.ts';

export const TOKEN = 'eyJsecretLineToken/abc+def=';
export const USER = 'U4af4980629e51f2b1c0a7d3e8b9c0d1e';
export const SENT = { body: { sentMessages: [{ id: '461230966842064897', quoteToken: 'q' }] } };

const refused = (status: number, message: string, details?: readonly object[]) => ({
  status,
  body: { message, ...(details !== undefined && { details }) },
});

const textOf = (received: string): string =>
  (JSON.parse(received.slice(received.indexOf(' '))) as { messages: [{ text: string }] }).messages[0].text;

export const contract: ChannelContract = {
  type: line,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, token: TOKEN, to: USER }),
      responses: { success: SENT },
      received: ({ headers, text }) => `${headers['x-line-retry-key']} ${text}`,
    }),
  refusals: [
    {
      when: 'the token is wrong or expired',
      answer: refused(
        401,
        'Authentication failed. Confirm that the access token in the authorization header is valid.',
      ),
      class: 'permanent',
      code: 'line.401',
      misconfigured: true,
      mend: 'issue a new channel access token',
    },
    {
      when: 'the account may not use the API',
      answer: refused(403, 'Access to this API is not available for your account'),
      class: 'permanent',
      code: 'line.403',
      misconfigured: true,
      mend: 'enable the Messaging API, or choose a plan that has it',
    },
    {
      when: 'the recipient or another part is not valid',
      answer: refused(400, 'The request body has 1 error(s)', [{ message: 'May not be empty', property: 'to' }]),
      class: 'permanent',
      code: 'line.400',
      mend: 'read the text of the failure, which names the part',
    },
    {
      when: 'the request is larger than 2 MB',
      answer: refused(413, 'Request exceeds the max size of 2MB.'),
      class: 'permanent',
      code: 'line.413',
      mend: 'shorten the message',
    },
    {
      when: 'too many requests were sent',
      answer: refused(429, 'The API rate limit has been exceeded. Try again later.'),
      class: 'transient',
      code: 'line.429',
      mend: 'nothing: Belfry waits',
    },
    {
      when: 'the free messages of the month are used up',
      answer: refused(429, 'You have reached your monthly limit.'),
      class: 'transient',
      code: 'line.monthly_limit',
      retryAfter: 3_600_000,
      mend: 'choose a larger plan, or a `fallback` until the next month',
    },
    {
      when: 'LINE has an error',
      answer: refused(500, 'Internal error'),
      class: 'transient',
      code: 'http.500',
      mend: 'nothing: Belfry tries again with the same key',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(textOf(received).length).toBeLessThanOrEqual(5000);
      expect(textOf(received).length).toBeGreaterThan(4500);
      expect(textOf(received)).toMatch(/… \(\+\d+ characters\)/);
    },
    hostile: (received) => expect(textOf(received)).not.toMatch(/[^\P{Cc}\n]|\u202E/u),
    sameId: (received) => received.split(' ')[0],
  },
};
