import { expect } from 'vitest';
import { byteLength, CODE_POINTS } from '../../../daemon/channels/kit/text/text.ts';
import { serverchan } from '../../../daemon/channels/china/serverchan.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const KEY = 'SCT123456Tabcdefghijklmnop';
export const OK = { body: { code: 0, message: '', data: { pushid: '42', readkey: 'r', error: 'SUCCESS', errno: 0 } } };
export const settings = (api: string) => ({ key: KEY, api });
export const refused = (code: number, message: string) => ({ status: 400, body: { code, message } });

export interface Payload {
  readonly title: string;
  readonly desp: string;
  readonly short: string;
  readonly tags?: string;
  readonly noip?: number;
}

export const contract: ChannelContract = {
  type: serverchan,
  secrets: [KEY],
  openDestination: () => openHttpDestination({ settings, responses: { success: OK } }),
  refusals: [
    {
      when: 'the SendKey is wrong',
      answer: refused(40001, '[AUTH]错误的Key'),
      class: 'permanent',
      code: 'serverchan.40001',
      misconfigured: true,
      mend: 'copy the SendKey again',
    },
    {
      when: 'nothing is at the address of the SendKey',
      answer: { status: 404 },
      class: 'permanent',
      code: 'http.404',
      misconfigured: true,
      mend: 'copy the SendKey again, and look whether `api` is right',
    },
    {
      when: 'the messages of this day are used up',
      answer: refused(40001, '[AUTH]超过当天的发送次数限制[5]，请稍后再试'),
      class: 'transient',
      code: 'serverchan.40001',
      // The test begins at 17:00 in Shanghai.
      retryAfter: 7 * 3_600_000,
      mend: 'nothing: Belfry waits until midnight in Shanghai; a membership raises the quota, and `fallback` sends elsewhere',
    },
    {
      when: 'the address of this machine is blocked',
      answer: { status: 429 },
      class: 'transient',
      code: 'http.429',
      mend: 'nothing: Belfry waits; the block lasts about a day',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, desp, short } = JSON.parse(received) as Payload;
      expect(CODE_POINTS.length(title)).toBeLessThanOrEqual(32);
      expect(CODE_POINTS.length(short)).toBeLessThanOrEqual(64);
      expect(byteLength(desp)).toBeLessThanOrEqual(32_768);
      expect(desp).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const { title, desp, short } = JSON.parse(received) as Payload;
      expect(title + short).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(desp).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expect(desp.replace(/^\*\*|\*\*$/gm, '')).not.toMatch(/(?<!\\)[<[*`]|^[ \t]*[#>]/m);
    },
    sameId: { notApplicable: 'ServerChan drops no repeated message' },
  },
};
