import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { pushdeer } from '../../../daemon/channels/china/pushdeer.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const KEY = 'PDU1TabcdefghijklmnopQRST';
export const results = (...logs: readonly object[][]) => ({
  body: {
    code: 0,
    content: { result: logs.map((entries) => JSON.stringify({ counts: 1, logs: entries, success: 'ok' })) },
  },
});
export const OK = results([]);
export const GONE = { type: 'failed-push', platform: 'ios', error: 'Unregistered' };
export const settings = (api: string) => ({ key: KEY, api });

interface Payload {
  readonly text: string;
  readonly desp: string;
}

export const contract: ChannelContract = {
  type: pushdeer,
  secrets: [KEY],
  openDestination: () => openHttpDestination({ settings, responses: { success: OK } }),
  refusals: [
    {
      when: 'the key is wrong or no device is registered',
      answer: { body: { code: 0, content: { result: false } } },
      class: 'permanent',
      code: 'pushdeer.no_device',
      misconfigured: true,
      mend: 'copy the key again, and register a device in the app',
    },
    {
      when: 'no device could be reached',
      answer: results([GONE]),
      class: 'permanent',
      code: 'pushdeer.not_delivered',
      mend: 'register the device in the app again',
    },
    {
      when: 'the login is refused',
      answer: { body: { code: 80403, error: 'auth' } },
      class: 'permanent',
      code: 'pushdeer.80403',
      misconfigured: true,
      mend: 'copy the key again',
    },
    {
      when: 'the request is not valid',
      answer: { body: { code: 80501, error: 'args' } },
      class: 'permanent',
      code: 'pushdeer.80501',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'the push gateway of the server fails',
      answer: { body: { code: 80502, error: 'remote' } },
      class: 'transient',
      code: 'pushdeer.80502',
      mend: 'nothing: Belfry tries again',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { text, desp } = JSON.parse(received) as Payload;
      expect(byteLength(text)).toBeLessThanOrEqual(300);
      expect(byteLength(desp)).toBeLessThanOrEqual(20_000);
      expect(desp).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const { text, desp } = JSON.parse(received) as Payload;
      expect(text).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(desp).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expect(desp).not.toMatch(/(?<!\\)[<[*`]|^[ \t]*[#>]/m);
    },
    sameId: { notApplicable: 'PushDeer drops no repeated message' },
  },
};
