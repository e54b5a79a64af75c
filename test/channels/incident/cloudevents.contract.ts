import { expect } from 'vitest';
import { cloudevents } from '../../../daemon/channels/incident/cloudevents.ts';
import { wellFormed } from '../../../daemon/channels/kit/text/text.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const PATH = '/broker/kx83jd02Lm4sqDk';

interface CloudEvent {
  readonly id: string;
  readonly source: string;
  readonly subject: string;
  readonly data: { readonly title: string; readonly body: string };
}

export const eventOf = (received: string): CloudEvent => JSON.parse(received) as CloudEvent;

export const contract: ChannelContract = {
  type: cloudevents,
  secrets: [PATH],
  openDestination: () =>
    openHttpDestination({
      settings: (origin) => ({ url: `${origin}${PATH}` }),
      responses: { success: { status: 202 } },
    }),
  refusals: [
    {
      when: 'the event is not valid',
      answer: { status: 400 },
      class: 'permanent',
      code: 'http.400',
      mend: 'read the answer of the endpoint',
    },
    {
      when: 'the endpoint wants a token',
      answer: { status: 401 },
      class: 'permanent',
      code: 'http.401',
      misconfigured: true,
      mend: 'give `headers: { Authorization: ... }`',
    },
    {
      when: 'the endpoint wants no more events',
      answer: { status: 410 },
      class: 'permanent',
      code: 'http.410',
      misconfigured: true,
      mend: 'remove the channel, or give the new address',
    },
    {
      when: 'the endpoint does not take this form',
      answer: { status: 415 },
      class: 'permanent',
      code: 'cloudevents.415',
      misconfigured: true,
      mend: 'use the other `mode`',
    },
    {
      when: 'too many events are sent',
      answer: { status: 429, headers: { 'retry-after': '20' } },
      class: 'transient',
      code: 'http.429',
      retryAfter: 20_000,
      mend: 'nothing: Belfry waits',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(Buffer.byteLength(received)).toBeLessThanOrEqual(65_536);
      const { title, body } = eventOf(received).data;
      expect(title).toMatch(/… \(\+\d+ bytes\)$/);
      expect(body).toMatch(/… \(\+\d+ bytes\)$/);
      expect(Buffer.byteLength(body)).toBeGreaterThan(40_000);
    },
    hostile(received, { title, body }) {
      const { data, ...attributes } = eventOf(received);
      expect(Object.values(attributes).join('')).not.toMatch(/\p{Cc}/u);
      expect([data.title, data.body]).toEqual([title, body].map(wellFormed));
    },
    sameId: (received) => `${eventOf(received).source} ${eventOf(received).id}`,
  },
};
