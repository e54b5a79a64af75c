import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { gotify } from '../../../daemon/channels/push/gotify.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = 'AqDkx83jd02Lm4s';
export const OK = { body: { id: 25, appid: 5, message: 'x', title: 'x', priority: 5, date: '2026-11-23T09:00:00Z' } };
export const refused = (status: number, errorDescription = 'why') => ({
  status,
  body: { error: 'Unauthorized', errorCode: status, errorDescription },
});

export interface Payload {
  readonly title: string;
  readonly message: string;
  readonly priority: number;
  readonly extras: {
    readonly 'client::display': { readonly contentType: string };
    readonly 'client::notification': { readonly click?: { readonly url: string }; readonly bigImageUrl?: string };
  };
}

export const payloadOf = (received: string): Payload => JSON.parse(received) as Payload;

export const contract: ChannelContract = {
  type: gotify,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, token: TOKEN }),
      responses: { success: OK },
    }),
  refusals: [
    {
      when: 'the message is not valid',
      answer: refused(400),
      class: 'permanent',
      code: 'gotify.400',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'the token is unknown',
      answer: refused(401, 'you need to provide a valid access token'),
      class: 'permanent',
      code: 'gotify.401',
      misconfigured: true,
      mend: 'copy the token of the application again',
    },
    {
      when: 'the token may not send',
      answer: refused(403),
      class: 'permanent',
      code: 'gotify.403',
      misconfigured: true,
      mend: 'give the token of an application, not of a client',
    },
    {
      when: 'there is no Gotify at this address',
      answer: refused(404),
      class: 'permanent',
      code: 'gotify.404',
      misconfigured: true,
      mend: 'correct `api`, with the path below which Gotify is served',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, message } = payloadOf(received);
      expect(byteLength(title)).toBeLessThanOrEqual(250);
      expect(byteLength(message)).toBeLessThanOrEqual(65_535);
      expect(byteLength(message)).toBeGreaterThan(65_000);
      expect(message).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received, { format }) {
      const { title, message, extras } = payloadOf(received);
      expect(extras['client::display'].contentType).toBe(format === 'markdown' ? 'text/markdown' : 'text/plain');
      expect(extras['client::notification']).toEqual({});
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(message).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      if (format === 'markdown') expect(message).not.toMatch(/(?<!\\)[<[*`!]|^[ \t]*[#>]/m);
    },
    sameId: { notApplicable: 'Gotify drops no repeated message' },
  },
};
