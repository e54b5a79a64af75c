import { expect } from 'vitest';
import { pushplus } from '../../../daemon/channels/china/pushplus.ts';
import { CODE_POINTS } from '../../../daemon/channels/kit/text/text.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = '0123456789abcdef0123456789abcdef';
export const OK = { body: { code: 200, msg: '请求成功', data: 'f8c0e1d2' } };
export const settings = (api: string) => ({ token: TOKEN, api });
const refused = (code: number, msg = 'why') => ({ body: { code, msg, data: null } });

interface Payload {
  readonly title: string;
  readonly content: string;
  readonly template: string;
}

export const contract: ChannelContract = {
  type: pushplus,
  secrets: [TOKEN],
  openDestination: () => openHttpDestination({ settings, responses: { success: OK } }),
  refusals: [
    {
      when: 'the token is wrong',
      answer: refused(903, '用户token不正确'),
      class: 'permanent',
      code: 'pushplus.903',
      misconfigured: true,
      mend: 'copy the token again',
    },
    {
      when: 'the account has no verified real name',
      answer: refused(905),
      class: 'permanent',
      code: 'pushplus.905',
      misconfigured: true,
      mend: 'verify the real name (实名认证) on the site',
    },
    {
      when: 'the account does not accept this address',
      answer: refused(403),
      class: 'permanent',
      code: 'pushplus.403',
      misconfigured: true,
      mend: 'add the address of this machine to the list of allowed ones (安全IP)',
    },
    {
      when: 'the account has no points left',
      answer: refused(888),
      class: 'permanent',
      code: 'pushplus.888',
      misconfigured: true,
      mend: 'buy points, or use a channel without a fee',
    },
    {
      when: 'the account may send nothing more today',
      answer: refused(900),
      class: 'transient',
      code: 'pushplus.900',
      // The test begins at 17:00 in Shanghai.
      retryAfter: 7 * 3_600_000,
      mend: 'nothing: Belfry waits until midnight in Shanghai, since further requests make the ban longer',
    },
    {
      when: 'the request is not valid',
      answer: refused(600),
      class: 'permanent',
      code: 'pushplus.600',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the system has an error',
      answer: refused(500),
      class: 'transient',
      code: 'pushplus.500',
      mend: 'nothing: Belfry tries again',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { title, content } = JSON.parse(received) as Payload;
      expect(CODE_POINTS.length(title)).toBeLessThanOrEqual(100);
      expect(CODE_POINTS.length(content)).toBeLessThanOrEqual(20_000);
      expect(content).toMatch(/… \(\+\d+ characters\)/);
    },
    hostile(received, { format }) {
      const { title, content, template } = JSON.parse(received) as Payload;
      expect(template).toBe({ text: 'txt', markdown: 'markdown', html: 'html' }[format]);
      expect(title).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(content).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      if (format === 'markdown') expect(content).not.toMatch(/(?<!\\)[<[*`]|^[ \t]*[#>]/m);
      if (format === 'html') expect(content.replace(/<\/?b>|<br>/g, '')).not.toMatch(/[<>]/);
    },
    sameId: { notApplicable: 'PushPlus drops no repeated message' },
  },
};
