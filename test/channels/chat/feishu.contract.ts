import { expect } from 'vitest';
import { feishu } from '../../../daemon/channels/chat/feishu.ts';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = 'token-0123456789abcdef';

export const SECRET = 'belfry-secret';

export const OK = { StatusCode: 0, StatusMessage: 'success', code: 0, data: {}, msg: 'success' };

export interface Payload {
  readonly msg_type: string;
  readonly timestamp?: string;
  readonly sign?: string;
  readonly content?: {
    text?: string;
    post?: { zh_cn: { title: string; content: Readonly<Record<string, string>>[][] } };
  };
  readonly card?: {
    schema: string;
    header: { title: { content: string }; template: string };
    body: { elements: (Readonly<Record<string, unknown>> & { tag: string; content?: string })[] };
  };
}

export const postOf = (payload: Payload) => payload.content!.post!.zh_cn;

export const markdownOf = (payload: Payload): string => payload.card!.body.elements[0]!.content!;

const refused = (status: number, code: number, msg: string) => ({ status, body: { code, msg, data: {} } });

export const contract: ChannelContract = {
  type: feishu,
  secrets: [TOKEN, SECRET],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ token: TOKEN, secret: SECRET, api }),
      responses: { success: { body: OK } },
    }),
  refusals: [
    {
      when: 'the secret is wrong, or the clock of this machine',
      answer: refused(200, 19021, 'sign match fail or timestamp is not within one hour from current time'),
      class: 'permanent',
      code: 'feishu.19021',
      misconfigured: true,
      mend: 'correct `secret`, or set the clock',
    },
    {
      when: 'this address may not send',
      answer: refused(200, 19022, 'Ip Not Allowed'),
      class: 'permanent',
      code: 'feishu.19022',
      misconfigured: true,
      mend: 'add the address of this machine to the settings of the bot',
    },
    {
      when: 'the message has no keyword',
      answer: refused(200, 19024, 'Key Words Not Found'),
      class: 'permanent',
      code: 'feishu.19024',
      mend: 'put a keyword into the title, also of the message that ends an alert',
    },
    {
      when: 'there is no such token',
      answer: refused(200, 19001, 'param invalid: incoming webhook access token invalid'),
      class: 'permanent',
      code: 'feishu.19001',
      misconfigured: true,
      mend: 'set a new token',
    },
    {
      when: 'the request is not valid',
      answer: refused(400, 9499, 'Bad Request'),
      class: 'permanent',
      code: 'feishu.9499',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'too many requests',
      answer: refused(400, 9499, 'too many request'),
      class: 'transient',
      code: 'feishu.9499',
      rateLimited: true,
      retryAfter: 30_000,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'too many requests (in Chinese)',
      answer: refused(400, 9499, '请求过于频繁'),
      class: 'transient',
      code: 'feishu.9499',
      rateLimited: true,
      retryAfter: 30_000,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'more than 100 messages in a minute',
      answer: refused(200, 11232, 'frequency limited'),
      class: 'transient',
      code: 'feishu.11232',
      rateLimited: true,
      retryAfter: 30_000,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'the message is too long',
      answer: refused(200, 19036, 'message too large'),
      class: 'permanent',
      code: 'feishu.19036',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(byteLength(received)).toBeLessThanOrEqual(20_000);
      expect(byteLength(received)).toBeGreaterThan(10_000);
      expect(received).toMatch(/… \(\+\d+ bytes\)/);
      expect(received).not.toContain('\uFFFD');
    },
    hostile(received) {
      const payload = JSON.parse(received) as Payload;
      expect(received).not.toMatch(/\\u00(?:00|1b)|\u202E/);
      if (payload.card === undefined) {
        // Text inside a post is never markup; only an element of its own would mention.
        expect(
          postOf(payload)
            .content.flat()
            .map(({ tag }) => tag),
        ).toEqual(['text']);
      } else {
        expect(markdownOf(payload)).not.toMatch(/[<>[\]`~]/);
        expect(payload.card.body.elements).toHaveLength(1);
      }
    },
    sameId: { notApplicable: 'group bots know no message id' },
  },
};
