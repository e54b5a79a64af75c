import { expect } from 'vitest';
import { byteLength, CODE_POINTS } from '../../../daemon/channels/kit/text/text.ts';
import { wxpusher } from '../../../daemon/channels/china/wxpusher.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = 'AT_0123456789abcdefABCDEF';
export const target = (uid: string, code = 1000, status = '创建发送任务成功') => ({
  uid,
  topicId: null,
  messageContentId: 1,
  ...(code === 1000 && { sendRecordId: 42 }),
  code,
  status,
});
export const answered = (...data: readonly object[]) => ({ body: { code: 1000, msg: '处理成功', data } });
export const OK = answered(target('UID_1'));
export const settings = (api: string) => ({ token: TOKEN, to: 'UID_1', api });
const refused = (code: number, msg: string) => ({ body: { code, msg, data: null } });

interface Payload {
  readonly content: string;
  readonly summary: string;
  readonly contentType: number;
}

export const contract: ChannelContract = {
  type: wxpusher,
  secrets: [TOKEN],
  openDestination: () => openHttpDestination({ settings, responses: { success: OK } }),
  refusals: [
    {
      when: 'the appToken is wrong',
      answer: refused(1001, 'appToken不正确'),
      class: 'permanent',
      code: 'wxpusher.1001',
      misconfigured: true,
      mend: 'copy the appToken again',
    },
    {
      when: 'the sender is not signed in',
      answer: refused(1002, '未登录'),
      class: 'permanent',
      code: 'wxpusher.1002',
      misconfigured: true,
      mend: 'copy the appToken again',
    },
    {
      when: 'too many messages were sent',
      answer: refused(1001, '发送频率过快'),
      class: 'transient',
      code: 'wxpusher.1001',
      retryAfter: 60_000,
      mend: 'nothing: Belfry waits',
    },
    {
      when: 'the request is not valid',
      answer: refused(1001, 'content不能为空'),
      class: 'permanent',
      code: 'wxpusher.1001',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'no recipient gets the message',
      answer: answered(target('UID_1', 1001, 'UID不存在')),
      class: 'permanent',
      code: 'wxpusher.no_recipient',
      mend: 'correct `to`; the person must follow the application',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { content, summary } = JSON.parse(received) as Payload;
      expect(CODE_POINTS.length(summary)).toBeLessThanOrEqual(100);
      expect(byteLength(content)).toBeLessThanOrEqual(40_000);
      expect(content).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received, { format }) {
      const { content, summary, contentType } = JSON.parse(received) as Payload;
      expect(contentType).toBe({ text: 1, html: 2, markdown: 3 }[format]);
      expect(summary).not.toMatch(/[\p{Cc}\u202E]/u);
      expect(content).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      if (format === 'markdown') expect(content.replaceAll('**', '')).not.toMatch(/(?<!\\)[<[`]|^[ \t]*[#>]/m);
      if (format === 'html') expect(content.replace(/<\/?(?:b|h3)>|<br>/g, '')).not.toMatch(/[<>]/);
    },
    sameId: { notApplicable: 'WxPusher drops no repeated message' },
  },
};
