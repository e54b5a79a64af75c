import { expect } from 'vitest';
import { webex } from '../../../../daemon/channels/chat/work/webex.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ChannelContract } from '../../contract.ts';

export const TOKEN = 'ZmQ3secretWebexToken_PF84_1eb65fdf';
export const ROOM = 'Y2lzY29zcGFyazovL3VzL1JPT00vMQ';
export const sent = (id: string) => ({ body: { id, roomId: 'R1', created: '2026-11-23T09:00:00Z' } });

export const refused = (status: number, description = 'why') => ({
  status,
  body: { message: 'The request was refused.', errors: [{ description }], trackingId: 'ROUTER_1' },
});

const markdownOf = (received: string): string => (JSON.parse(received) as { markdown: string }).markdown;

export const contract: ChannelContract = {
  type: webex,
  secrets: [TOKEN],
  samples: { mention: { message: { mention: ['ada@example.com'] }, shown: '<@personEmail:ada@example.com>' } },
  openDestination: () =>
    openHttpDestination({ settings: (api) => ({ api, token: TOKEN, to: ROOM }), responses: { success: sent('m1') } }),
  refusals: [
    {
      when: 'the access token is wrong or was replaced',
      answer: refused(401),
      class: 'permanent',
      code: 'webex.401',
      misconfigured: true,
      mend: 'make a new token for the bot',
    },
    {
      when: 'the message is not valid',
      answer: refused(400),
      class: 'permanent',
      code: 'webex.400',
      mend: 'read the text of the failure',
    },
    {
      when: 'the bot is not in the room',
      answer: refused(403),
      class: 'permanent',
      code: 'webex.403',
      mend: 'add the bot to the room',
    },
    {
      when: 'there is no such room or person',
      answer: refused(404),
      class: 'permanent',
      code: 'webex.404',
      mend: 'correct `to`',
    },
    {
      when: 'the file of the message is being scanned or is malware',
      answer: refused(423),
      class: 'permanent',
      code: 'webex.423',
      mend: 'leave out the image',
    },
    {
      when: 'the bot sent too many messages',
      answer: { ...refused(429), headers: { 'retry-after': '12' } },
      class: 'transient',
      code: 'webex.429',
      retryAfter: 12_000,
      mend: 'nothing: Belfry waits',
    },
    {
      when: 'Webex is not available',
      answer: refused(502),
      class: 'transient',
      code: 'http.502',
      mend: 'nothing: Belfry tries again',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(Buffer.byteLength(markdownOf(received))).toBeLessThanOrEqual(7439);
      expect(Buffer.byteLength(markdownOf(received))).toBeGreaterThan(6500);
      expect(received).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const text = markdownOf(received).replace(/^\*\*|\*\* {2}$/gm, '');
      expect(text).not.toMatch(/<|(?<!\\)(?:\\\\)*[*`[]|[^\P{Cc}\n]|\u202E|^[#>]/mu);
    },
    sameId: { notApplicable: 'Webex does not know a repeated message' },
  },
};
