import { expect } from 'vitest';
import { CODE_POINTS } from '../../../daemon/channels/kit/text/text.ts';
import { pagerduty } from '../../../daemon/channels/incident/pagerduty.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const KEY = '0123456789abcdef0123456789abcdef';
export const OK = { status: 202, body: { status: 'success', message: 'Event processed', dedup_key: 'disk/web-1' } };
const invalid = (...errors: string[]) => ({
  status: 400,
  body: { status: 'invalid event', message: 'Event object is invalid', errors },
});

interface Event {
  readonly dedup_key: string;
  readonly payload: {
    readonly summary: string;
    readonly custom_details: { readonly body: string; readonly fields?: object };
  };
  readonly links: readonly object[];
  readonly images: readonly object[];
}

export const eventOf = (received: string): Event => JSON.parse(received) as Event;

export const contract: ChannelContract = {
  type: pagerduty,
  secrets: [KEY],
  openDestination: () =>
    openHttpDestination({ settings: (api) => ({ routing_key: KEY, api }), responses: { success: OK } }),
  refusals: [
    {
      when: 'the integration key has not 32 characters',
      answer: invalid("Length of 'routing_key' is incorrect (should be 32 characters)"),
      class: 'permanent',
      code: 'pagerduty.routing_key',
      misconfigured: true,
      mend: 'copy the integration key again',
    },
    {
      when: 'the integration key is unknown',
      answer: invalid('Invalid routing key'),
      class: 'permanent',
      code: 'pagerduty.routing_key',
      misconfigured: true,
      mend: 'copy the integration key of the service again',
    },
    {
      when: 'the event is not valid',
      answer: invalid("'payload.summary' is missing or blank"),
      class: 'permanent',
      code: 'pagerduty.invalid_event',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'too many events are sent',
      answer: {
        status: 429,
        body: { status: 'throttle exceeded', message: 'Requests for this service are arriving too quickly.' },
      },
      class: 'transient',
      code: 'pagerduty.throttle_exceeded',
      retryAfter: 60_000,
      mend: 'nothing: Belfry waits a minute; set `delivery.rate` if it happens often',
    },
  ],
  samples: { replace_key: { message: { replace_key: 'replace-sample' }, shown: '"dedup_key":"replace-sample"' } },
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(Buffer.byteLength(received)).toBeLessThanOrEqual(512_000);
      const { summary, custom_details: details } = eventOf(received).payload;
      expect(CODE_POINTS.length(summary)).toBeLessThanOrEqual(1024);
      expect(details.body.length).toBeGreaterThan(30_000);
      expect(details.body).toMatch(/… \(\+\d+ bytes\)$/);
    },
    hostile(received) {
      const { payload, links, images } = eventOf(received);
      expect([links, images]).toEqual([[], []]);
      expect(payload.summary).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(JSON.stringify(payload.custom_details.fields)).not.toMatch(/\\[nru]|\u202E/u);
      expect(payload.custom_details.body).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    },
    sameId: (received) => eventOf(received).dedup_key,
  },
};
