import { expect } from 'vitest';
import { CODE_POINTS } from '../../../daemon/channels/kit/text/text.ts';
import { pushover } from '../../../daemon/channels/push/pushover.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = 'azGDORePK8gMaC0QOYAMyEEuzJnyUi';
export const USER = 'uQiRzpo4DXghDmr9QzzfQu27cmVRsG';
const REQUEST = '647d2300-702c-4b38-8b2f-d56326ae460b';
export const OK = { body: { status: 1, request: REQUEST } };
export const refused = (errors: readonly string[], more: object = {}, status = 400, headers = {}) => ({
  status,
  headers,
  body: { status: 0, request: REQUEST, errors, ...more },
});

/** Time of the tests in seconds since the epoch. */
const NOW = Date.parse('2026-11-23T09:00:00Z') / 1000;

export const contract: ChannelContract = {
  type: pushover,
  secrets: [TOKEN, USER],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ token: TOKEN, user: USER, api }),
      responses: { success: OK },
    }),
  refusals: [
    {
      when: 'the API token is unknown',
      answer: refused(['application token is invalid, see https://pushover.net/api'], { token: 'invalid' }),
      class: 'permanent',
      code: 'pushover.token',
      misconfigured: true,
      mend: 'copy the API token of the application again',
    },
    {
      when: 'the user key is unknown',
      answer: refused(['user identifier is not a valid user, group, or subscribed user key'], { user: 'invalid' }),
      class: 'permanent',
      code: 'pushover.user',
      misconfigured: true,
      mend: 'copy the user key from the first page of pushover.net',
    },
    {
      when: 'the user has no such device',
      answer: refused(['device name is not valid for user'], { device: 'invalid' }),
      class: 'permanent',
      code: 'pushover.device',
      misconfigured: true,
      mend: 'correct `device`',
    },
    {
      when: 'a part of the message is refused',
      answer: refused(['message cannot be blank'], { message: 'cannot be blank' }),
      class: 'permanent',
      code: 'pushover.refused',
      mend: 'read what Pushover says, and correct the message of the rule',
    },
    {
      when: 'the message is refused inside a 200',
      answer: refused(['user has no active devices'], {}, 200),
      class: 'permanent',
      code: 'pushover.refused',
      mend: 'log in to Pushover on a device',
    },
    {
      when: 'the messages of this month are used up',
      answer: refused(['application has exceeded its monthly limit'], {}, 429, {
        'x-limit-app-remaining': '0',
        'x-limit-app-reset': `${NOW + 7200}`,
      }),
      class: 'transient',
      code: 'pushover.429',
      retryAfter: 7_200_000,
      mend: 'buy messages, or use another channel; Belfry waits for the next month, a day at a time',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title = '', message = '' } = JSON.parse(received) as Record<string, string>;
      expect(CODE_POINTS.length(title)).toBeLessThanOrEqual(250);
      expect(CODE_POINTS.length(message)).toBeLessThanOrEqual(1024);
      expect(CODE_POINTS.length(message)).toBeGreaterThan(900);
      expect(message).toMatch(/… \(\+\d+ characters\)$/);
    },
    hostile(received, { format }) {
      const { title, message, html, url } = JSON.parse(received) as Record<string, string>;
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(message).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expect([html, url]).toEqual([format === 'markdown' ? '1' : undefined, undefined]);
      if (format === 'markdown') expect(message).not.toMatch(/<(?!\/?b>|a href="http|\/a>)/);
    },
    sameId: { notApplicable: 'Pushover drops no repeated message' },
  },
};
