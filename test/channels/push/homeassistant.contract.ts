import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { homeassistant } from '../../../daemon/channels/push/homeassistant.ts';
import { alertKeyHash } from '../../../daemon/channels/kit/alert-key.ts';
import { sampleDelivery, sampleMessage } from '../../support/delivery.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.kx83jd02Lm4sqDk.sig';
export const OK = { body: [] };

interface Call {
  readonly title: string;
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const callOf = (received: string): Call => JSON.parse(received) as Call;

const replacing = { replace_key: 'replace-sample' };

export const contract: ChannelContract = {
  type: homeassistant,
  secrets: [TOKEN],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, token: TOKEN, service: 'notify.mobile_app_phone' }),
      responses: { success: OK },
    }),
  refusals: [
    {
      when: 'there is no such notify action',
      answer: { status: 400, body: '400: Bad Request' },
      class: 'permanent',
      code: 'homeassistant.400',
      mend: 'take the name of the action from Developer tools, Actions',
    },
    {
      when: 'the access token was deleted',
      answer: { status: 401, body: '401: Unauthorized' },
      class: 'permanent',
      code: 'homeassistant.401',
      misconfigured: true,
      mend: 'create a new long-lived access token',
    },
    {
      when: 'the address was blocked after wrong logins',
      answer: { status: 403, body: '403: Forbidden' },
      class: 'permanent',
      code: 'homeassistant.403',
      misconfigured: true,
      mend: 'remove the address from `ip_bans.yaml`, and restart Home Assistant',
    },
    {
      when: 'something else is at this address',
      answer: { status: 404, body: '404: Not Found' },
      class: 'permanent',
      code: 'homeassistant.404',
      misconfigured: true,
      mend: 'correct `api`; the port is 8123 unless it was changed',
    },
    {
      when: 'a page of another server is at this address',
      answer: { body: '<!doctype html><title>Login</title>' },
      class: 'unknown',
      code: 'homeassistant.unreadable',
      mend: 'correct `api`',
    },
  ],
  samples: {
    replace_key: {
      message: replacing,
      shown: `"tag":"belfry_${alertKeyHash(sampleMessage(replacing), sampleDelivery())}"`,
    },
  },
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, message } = callOf(received);
      expect(byteLength(title)).toBeLessThanOrEqual(250);
      expect(byteLength(message)).toBeLessThanOrEqual(2500);
      expect(message).toMatch(/… \(\+\d+ bytes\)$/);
    },
    hostile(received) {
      const { title, message, data } = callOf(received);
      expect(Object.keys(data)).toEqual(['tag', 'color']);
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(message).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    },
    sameId: { notApplicable: 'a repeated notification takes the place of the first, and sounds again' },
  },
};
