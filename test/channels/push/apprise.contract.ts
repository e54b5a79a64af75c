import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { apprise } from '../../../daemon/channels/push/apprise.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const KEY = 'kx83jd02Lm4sqDk';
export const OK = { body: 'Notification(s) sent.' };

interface Notification {
  readonly title: string;
  readonly body: string;
  readonly format: string;
}

const notificationOf = (received: string): Notification => JSON.parse(received) as Notification;

export const contract: ChannelContract = {
  type: apprise,
  secrets: [KEY],
  openDestination: () => openHttpDestination({ settings: (api) => ({ api, key: KEY }), responses: { success: OK } }),
  refusals: [
    {
      when: 'the server has no services for the key, and answers with a success',
      answer: { status: 204 },
      class: 'permanent',
      code: 'apprise.204',
      misconfigured: true,
      mend: 'save the services on the server under this key',
    },
    {
      when: 'the message is not valid',
      answer: { status: 400, body: { error: 'An invalid payload was specified.' } },
      class: 'permanent',
      code: 'apprise.400',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'a service of the server refuses the message',
      answer: { status: 424, body: { error: 'One or more notification could not be sent.' } },
      class: 'unknown',
      code: 'apprise.424',
      mend: 'look into the log of Apprise; with one service for each key, set `delivery: { on_unknown: retry }`',
    },
    {
      when: 'the server wants a login',
      answer: { status: 401 },
      class: 'permanent',
      code: 'apprise.401',
      misconfigured: true,
      mend: 'give `headers: { Authorization: ... }`',
    },
    {
      when: 'something else is at this address',
      answer: { status: 404 },
      class: 'permanent',
      code: 'apprise.404',
      misconfigured: true,
      mend: 'correct `api`',
    },
    {
      when: 'a proxy shows its login page',
      answer: { body: '<!doctype html><title>Login</title>' },
      class: 'unknown',
      code: 'apprise.unreadable',
      mend: 'give the login of the proxy in `headers`',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, body } = notificationOf(received);
      expect(byteLength(title)).toBeLessThanOrEqual(250);
      expect(byteLength(body)).toBeLessThanOrEqual(32_768);
      expect(body).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received, { format: sent }) {
      const { title, body, format } = notificationOf(received);
      expect(format).toBe(sent === 'markdown' ? 'markdown' : 'text');
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(body).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      if (sent === 'markdown') expect(body).not.toMatch(/(?<!\\)[<[*`!]|^[ \t]*[#>]/m);
    },
    sameId: { notApplicable: 'Apprise drops no repeated message' },
  },
};
