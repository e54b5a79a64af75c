import { expect } from 'vitest';
import { pushbullet } from '../../../daemon/channels/push/pushbullet.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract, DocumentedRefusal } from '../contract.ts';

export const TOKEN = 'o.kx83jd02Lm4sqDkx83jd02Lm4sqDk';
export const OK = { body: { iden: 'ubdpjxxxOK0sKG', type: 'note', active: true } };

/** Time of the tests in seconds since the epoch. */
const NOW = Date.parse('2026-11-23T09:00:00Z') / 1000;

const refused = (
  status: number,
  when: string,
  message: string,
  mend: string,
  headers: Record<string, string> = {},
): DocumentedRefusal => ({
  when,
  answer: { status, headers, body: { error: { type: 'invalid_request', message, cat: '(=^ ◡ ^=)' } } },
  class: status === 429 ? 'transient' : 'permanent',
  code: `pushbullet.${status}`,
  misconfigured: status === 401 || status === 403,
  mend,
});

interface Push {
  readonly title: string;
  readonly body: string;
  readonly guid: string;
  readonly type: string;
}

const pushOf = (received: string): Push => JSON.parse(received) as Push;

export const contract: ChannelContract = {
  type: pushbullet,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({ settings: (api) => ({ token: TOKEN, api }), responses: { success: OK } }),
  refusals: [
    refused(400, 'the push is not valid', 'The type is invalid.', 'report it: the request is wrong'),
    refused(401, 'the access token is wrong', 'Access token is missing or invalid.', 'create a new access token'),
    refused(403, 'the access token may not do this', 'Forbidden', 'create an access token of this account'),
    refused(404, 'there is no such channel or person', 'The requested item does not exist.', 'correct `to`'),
    {
      ...refused(429, 'the requests are used up', 'Too many requests.', 'nothing: Belfry waits', {
        'x-ratelimit-limit': '32768',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': `${NOW + 120}`,
      }),
      retryAfter: 120_000,
    },
  ],
  samples: { to: { message: { to: ['sample-channel'] }, shown: '"channel_tag":"sample-channel"' } },
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, body } = pushOf(received);
      expect(title.length).toBeLessThanOrEqual(250);
      expect(body.length).toBeLessThanOrEqual(16_000);
      expect(body).toMatch(/… \(\+\d+ characters\)$/);
    },
    hostile(received) {
      const { title, body, type } = pushOf(received);
      expect(type).toBe('note');
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(body).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    },
    sameId: (received) => pushOf(received).guid,
  },
};
