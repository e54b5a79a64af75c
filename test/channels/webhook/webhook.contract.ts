import { expect } from 'vitest';
import { wellFormed } from '../../../daemon/channels/kit/text/text.ts';
import { webhook } from '../../../daemon/channels/webhook/webhook.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const HOOK_SECRET = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=';

export const contract: ChannelContract = {
  type: webhook,
  secrets: ['path-is-secret', 'token-in-header', HOOK_SECRET, 'MDEyMzQ1Njc4'],
  openDestination: () =>
    openHttpDestination({
      settings: (origin) => ({
        url: `${origin}/hooks/path-is-secret`,
        headers: { Authorization: 'Bearer token-in-header', 'X-Title': '{{ title }}' },
        sign: { standard_webhooks: HOOK_SECRET },
      }),
      responses: {},
      received: ({ headers, text }) => JSON.stringify({ headers, body: JSON.parse(text) as unknown }),
    }),
  refusals: [
    {
      when: 'the request is not valid',
      answer: { status: 400 },
      class: 'permanent',
      code: 'http.400',
      mend: 'correct `body` or `headers`',
    },
    {
      when: 'the credentials are wrong',
      answer: { status: 401 },
      class: 'permanent',
      code: 'http.401',
      misconfigured: true,
      mend: 'correct the URL or the header, then `belfry channel test NAME`',
    },
    {
      when: 'access is refused',
      answer: { status: 403 },
      class: 'permanent',
      code: 'http.403',
      misconfigured: true,
      mend: 'correct the URL or the header, then `belfry channel test NAME`',
    },
    {
      when: 'there is nothing at this address',
      answer: { status: 404 },
      class: 'permanent',
      code: 'http.404',
      mend: 'correct `url`',
    },
    {
      when: 'the address is gone',
      answer: { status: 410 },
      class: 'permanent',
      code: 'http.410',
      mend: 'correct `url`',
    },
    {
      when: 'the message is too large',
      answer: { status: 413 },
      class: 'permanent',
      code: 'http.413',
      mend: 'send less in `body`',
    },
    {
      when: 'the server redirects',
      answer: { status: 301, headers: { location: 'https://example.com/' } },
      class: 'permanent',
      code: 'http.redirect',
      misconfigured: true,
      mend: 'set the new address in `url`',
    },
    {
      when: 'too many requests',
      answer: { status: 429, headers: { 'retry-after': '30' } },
      class: 'transient',
      code: 'http.429',
      rateLimited: true,
      retryAfter: 30_000,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'the server is overloaded',
      answer: { status: 503, headers: { 'retry-after': '30' } },
      class: 'transient',
      code: 'http.503',
      retryAfter: 30_000,
      mend: 'nothing: it is retried',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { body } = JSON.parse(received) as { body: { title: string; body: string } };
      expect(body.title).toHaveLength(4000);
      expect(body.body.match(/🔥/gu)).toHaveLength(20_000);
    },
    hostile(received, sent) {
      const { headers, body } = JSON.parse(received) as { headers: Record<string, string>; body: Message };
      expect(headers.bcc).toBeUndefined();
      expect(headers['x-title']).not.toMatch(/[\r\n]/);
      expect(body.body).toBe(wellFormed(sent.body));
    },
    sameId(received) {
      const { headers, body } = JSON.parse(received) as { headers: Record<string, string>; body: { id: string } };
      expect(headers['idempotency-key']).toBe(body.id);
      expect(headers['webhook-id']).toBe(body.id);
      return body.id;
    },
  },
};
