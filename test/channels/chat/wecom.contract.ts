import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { wecom } from '../../../daemon/channels/chat/wecom.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const KEY = '693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa';

export const OK = { errcode: 0, errmsg: 'ok' };

export interface Payload {
  readonly msgtype: 'text' | 'markdown' | 'markdown_v2' | 'news';
  readonly text?: { content: string; mentioned_list?: string[]; mentioned_mobile_list?: string[] };
  readonly markdown?: { content: string };
  readonly markdown_v2?: { content: string };
  readonly news?: { articles: { title: string; description: string; url: string; picurl?: string }[] };
}

export const contentOf = (payload: Payload): string =>
  payload.text?.content ?? payload.markdown?.content ?? payload.markdown_v2?.content ?? '';

const refused = (errcode: number) => ({ body: { errcode, errmsg: 'why' } });

export const contract: ChannelContract = {
  type: wecom,
  secrets: [KEY, 'relay-token'],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ key: KEY, api, headers: { Authorization: 'Bearer relay-token' } }),
      responses: { success: { body: OK } },
    }),
  refusals: [
    {
      when: 'the key is wrong, or the bot was removed',
      answer: refused(93000),
      class: 'permanent',
      code: 'wecom.93000',
      misconfigured: true,
      mend: 'set a new key',
    },
    {
      when: 'the bot is switched off',
      answer: refused(93004),
      class: 'permanent',
      code: 'wecom.93004',
      misconfigured: true,
      mend: 'switch it on again',
    },
    {
      when: 'the bot is not in the group',
      answer: refused(93008),
      class: 'permanent',
      code: 'wecom.93008',
      misconfigured: true,
      mend: 'add it again',
    },
    {
      when: 'there is no bot at this address',
      answer: { status: 404, body: 'not found' },
      class: 'permanent',
      code: 'http.404',
      misconfigured: true,
      mend: 'correct `api`',
    },
    {
      when: 'more than 20 messages in a minute',
      answer: refused(45009),
      class: 'transient',
      code: 'wecom.45009',
      rateLimited: true,
      retryAfter: 60_000,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'too many calls at once',
      answer: refused(45033),
      class: 'transient',
      code: 'wecom.45033',
      rateLimited: true,
      retryAfter: 5000,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'WeCom is busy',
      answer: refused(-1),
      class: 'transient',
      code: 'wecom.-1',
      mend: 'nothing: it is retried',
    },
    {
      when: 'two changes at once',
      answer: refused(6000),
      class: 'transient',
      code: 'wecom.6000',
      mend: 'nothing: it is retried',
    },
    {
      when: 'the type of the message is unknown',
      answer: refused(40008),
      class: 'permanent',
      code: 'wecom.40008',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the request has characters that are not allowed',
      answer: refused(40033),
      class: 'permanent',
      code: 'wecom.40033',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'a parameter is not valid',
      answer: refused(40035),
      class: 'permanent',
      code: 'wecom.40035',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'a parameter is not valid, or the text is too long',
      answer: refused(40058),
      class: 'permanent',
      code: 'wecom.40058',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'a parameter is missing',
      answer: refused(40063),
      class: 'permanent',
      code: 'wecom.40063',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the text is empty',
      answer: refused(44004),
      class: 'permanent',
      code: 'wecom.44004',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the text is too long',
      answer: refused(45002),
      class: 'permanent',
      code: 'wecom.45002',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the text has words that are not allowed',
      answer: refused(85002),
      class: 'permanent',
      code: 'wecom.85002',
      mend: 'change the message',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const payload = JSON.parse(received) as Payload;
      const content = contentOf(payload);
      expect(byteLength(content)).toBeLessThanOrEqual(payload.msgtype === 'text' ? 2048 : 4096);
      expect(content).toMatch(/… \(\+\d+ bytes\)/);
      expect(content).not.toContain('\uFFFD');
      expect(received).not.toMatch(/\\u[0-9a-f]{4}/);
    },
    hostile(received, { format }) {
      const payload = JSON.parse(received) as Payload;
      expect(payload.text?.mentioned_list).toBeUndefined();
      expect(payload.text?.mentioned_mobile_list).toBeUndefined();
      const content = contentOf(payload);
      expect(content).not.toContain('<@');
      expect(content).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expect(received).not.toMatch(/\\u[0-9a-f]{4}/);
      if (format !== 'text') expect(content.replaceAll('**', '')).not.toMatch(/[<[\]`]|^#/m);
    },
    sameId: { notApplicable: 'group bots know no message id' },
  },
};
