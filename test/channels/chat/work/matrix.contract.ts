import { expect } from 'vitest';
import { matrix } from '../../../../daemon/channels/chat/work/matrix.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ChannelContract } from '../../contract.ts';

export const TOKEN = 'syt_YmVsZnJ5_secretTokenQ9x';
export const ROOM = '!abc123:example.org';
export const SENT = { body: { event_id: '$e1' } };

export interface Content {
  readonly msgtype: string;
  readonly body: string;
  readonly formatted_body: string;
  readonly 'm.mentions': object;
}

const refused = (status: number, errcode: string, more: object = {}) => ({
  status,
  body: { errcode, error: 'why', ...more },
});

export const contract: ChannelContract = {
  type: matrix,
  secrets: [TOKEN],
  samples: { mention: { message: { mention: ['@ada:example.org'] }, shown: '"user_ids":["@ada:example.org"]' } },
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, token: TOKEN, to: ROOM }),
      responses: { success: SENT },
      received: ({ path, text }) => `${path} ${text}`,
    }),
  refusals: [
    {
      when: 'the access token is unknown or expired',
      answer: refused(401, 'M_UNKNOWN_TOKEN', { soft_logout: false }),
      class: 'permanent',
      code: 'matrix.M_UNKNOWN_TOKEN',
      misconfigured: true,
      mend: 'log in again with the account and copy the new token',
    },
    {
      when: 'the account was deactivated',
      answer: refused(403, 'M_USER_DEACTIVATED'),
      class: 'permanent',
      code: 'matrix.M_USER_DEACTIVATED',
      misconfigured: true,
      mend: 'use another account',
    },
    {
      when: 'the account is not in the room',
      answer: refused(403, 'M_FORBIDDEN'),
      class: 'permanent',
      code: 'matrix.M_FORBIDDEN',
      mend: 'invite the account to the room, and accept the invitation with it',
    },
    {
      when: 'there is no such room or alias',
      answer: refused(404, 'M_NOT_FOUND'),
      class: 'permanent',
      code: 'matrix.M_NOT_FOUND',
      mend: 'correct `to`',
    },
    {
      when: 'there is no homeserver at this address',
      answer: refused(404, 'M_UNRECOGNIZED'),
      class: 'permanent',
      code: 'matrix.M_UNRECOGNIZED',
      misconfigured: true,
      mend: 'give as `api` the base_url of https://DOMAIN/.well-known/matrix/client',
    },
    {
      when: 'the message is too large',
      answer: refused(413, 'M_TOO_LARGE'),
      class: 'permanent',
      code: 'matrix.M_TOO_LARGE',
      mend: 'shorten fields and title',
    },
    {
      when: 'the account sent too many messages',
      answer: refused(429, 'M_LIMIT_EXCEEDED', { retry_after_ms: 2500 }),
      class: 'transient',
      code: 'matrix.M_LIMIT_EXCEEDED',
      retryAfter: 2500,
      mend: 'nothing: Belfry waits',
    },
    {
      when: 'the homeserver has reached a limit of its own',
      answer: refused(403, 'M_RESOURCE_LIMIT_EXCEEDED'),
      class: 'transient',
      code: 'matrix.M_RESOURCE_LIMIT_EXCEEDED',
      mend: 'ask the administrator of the homeserver',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { body, formatted_body: html } = JSON.parse(received.slice(received.indexOf(' '))) as Content;
      expect(Buffer.byteLength(received)).toBeLessThanOrEqual(48_200);
      expect(Buffer.byteLength(received)).toBeGreaterThan(40_000);
      for (const text of [body, html]) expect(text).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const content = JSON.parse(received.slice(received.indexOf(' '))) as Content;
      expect(content['m.mentions']).toEqual({});
      // The only tags are those of the channel, and links to addresses in the text.
      const html = content.formatted_body.replace(/<\/?b>|<br>|<a href="https?:\/\/[^"<>]+">|<\/a>/g, '');
      expect(html).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;|#39;)/);
      expect(content.body).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    },
    sameId: (received) => received.split(' ')[0],
  },
};
