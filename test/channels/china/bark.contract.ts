import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { bark } from '../../../daemon/channels/china/bark.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const KEY = 'bark-device-key-0123456789';
export const OK = { body: { code: 200, message: 'success', timestamp: 1_795_000_000 } };
export const settings = (api: string) => ({ key: KEY, api });
export const refused = (status: number, message: string) => ({ status, body: { code: status, message } });

interface Payload {
  readonly title: string;
  readonly body?: string;
  readonly markdown?: string;
  readonly id: string;
}

export const contract: ChannelContract = {
  type: bark,
  secrets: [KEY],
  openDestination: () => openHttpDestination({ settings, responses: { success: OK } }),
  refusals: [
    {
      when: 'the server does not know the key',
      answer: refused(400, 'failed to get device token: failed to get [x] device token from database'),
      class: 'permanent',
      code: 'bark.400',
      misconfigured: true,
      mend: 'copy the key from the app again; a new installation has a new key',
    },
    {
      when: 'the device is not registered at Apple any more',
      answer: refused(500, 'push failed: APNS push failed: Unregistered'),
      class: 'permanent',
      code: 'bark.500',
      misconfigured: true,
      mend: 'open the app once, and copy the key again',
    },
    {
      when: 'the notification is too large for Apple',
      answer: refused(500, 'push failed: APNS push failed: PayloadTooLarge'),
      class: 'permanent',
      code: 'bark.500',
      mend: 'shorten the message, and report it',
    },
    {
      when: 'the request is not valid',
      answer: refused(400, 'request bind failed: unexpected end of JSON input'),
      class: 'permanent',
      code: 'bark.400',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'Apple has an error',
      answer: refused(500, 'push failed: APNS push failed: ServiceUnavailable'),
      class: 'transient',
      code: 'bark.500',
      mend: 'nothing: Belfry tries again',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, body, markdown } = JSON.parse(received) as Payload;
      expect(byteLength(received)).toBeLessThanOrEqual(3600);
      expect(byteLength(title)).toBeLessThanOrEqual(300);
      expect(body ?? markdown).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received, { format }) {
      const { title, body, markdown } = JSON.parse(received) as Payload;
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(body ?? markdown).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      if (format === 'markdown') expect(markdown).not.toMatch(/(?<!\\)[<[*`]|^[ \t]*[#>]/m);
    },
    sameId: (received) => (JSON.parse(received) as Payload).id,
  },
};
