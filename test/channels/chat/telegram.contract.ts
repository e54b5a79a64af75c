import { expect } from 'vitest';
import { telegram } from '../../../daemon/channels/chat/telegram/telegram.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = '110201543:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw';

export const CHAT = -1001234567890;

export const OK = { body: { ok: true, result: { message_id: 42, chat: { id: CHAT } } } };

export const refusal = (status: number, description: string, parameters?: object) => ({
  status,
  body: { ok: false, error_code: status, description, ...(parameters !== undefined && { parameters }) },
});

export interface Payload {
  readonly chat_id: number | string;
  readonly text: string;
  readonly parse_mode: string;
}

export const payloadOf = (received: string): Payload => JSON.parse(received) as Payload;

/** Text that Telegram reads: only its own tags, closed in order, and entities that it knows. */
export function expectTelegramHtml(html: string): void {
  const open: string[] = [];
  for (const [, end, tag, rest] of html.matchAll(/<(\/?)(\w+)([^<>]*)>/g)) {
    expect(['b', 'i', 's', 'a', 'code', 'pre', 'blockquote']).toContain(tag);
    if (end === '') {
      open.push(tag!);
      expect(rest).toMatch(tag === 'a' ? /^ href="https?:[^"]*"$/ : /^(?: class="language-[\w+-]+")?$/);
    } else expect(open.pop()).toBe(tag);
  }
  expect(open).toEqual([]);
  const plain = html.replace(/<\/?\w+[^<>]*>/g, '');
  expect(plain).not.toMatch(/[<>]|&(?!(?:amp|lt|gt|quot|#\d+);)/);
  expect(plain).not.toMatch(/(?<![\w.-])@\w/);
}

export const contract: ChannelContract = {
  type: telegram,
  secrets: [TOKEN],
  samples: { mention: { message: { mention: ['some_user'] }, shown: '@some_user' } },
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ token: TOKEN, to: CHAT, api }),
      responses: {
        success: OK,
        rateLimited: refusal(429, 'Too Many Requests: retry after 7', { retry_after: 7 }),
      },
    }),
  refusals: [
    {
      when: 'there is no such chat',
      answer: refusal(400, 'Bad Request: chat not found'),
      class: 'permanent',
      code: 'telegram.400',
      mend: 'correct `to`; write to the bot first, or add it to the group',
    },
    {
      when: 'the mark-up is not valid',
      answer: refusal(400, "Bad Request: can't parse entities"),
      class: 'permanent',
      code: 'telegram.400',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the group became a supergroup',
      answer: refusal(400, 'Bad Request: group chat was upgraded', { migrate_to_chat_id: -100 }),
      class: 'permanent',
      code: 'telegram.400',
      mend: 'set the new id, which the error shows, in `to`',
    },
    {
      when: 'the token is wrong',
      answer: refusal(401, 'Unauthorized'),
      class: 'permanent',
      code: 'telegram.401',
      misconfigured: true,
      mend: 'set a new token',
    },
    {
      when: 'the person blocked the bot',
      answer: refusal(403, 'Forbidden: bot was blocked by the user'),
      class: 'permanent',
      code: 'telegram.403',
      mend: 'the person must unblock the bot',
    },
    {
      when: 'the group removed the bot',
      answer: refusal(403, 'Forbidden: bot was kicked from the group chat'),
      class: 'permanent',
      code: 'telegram.403',
      mend: 'add the bot to the group again',
    },
    {
      when: 'there is no such bot',
      answer: refusal(404, 'Not Found'),
      class: 'permanent',
      code: 'telegram.404',
      misconfigured: true,
      mend: 'set a new token',
    },
    {
      when: 'too many messages',
      answer: refusal(429, 'Too Many Requests: retry after 33', { retry_after: 33 }),
      class: 'transient',
      code: 'telegram.429',
      rateLimited: true,
      retryAfter: 33_000,
      mend: 'nothing: the channel pauses for as long as Telegram asks',
    },
  ],
  cases: {
    rateLimited: { code: 'telegram.429' },
    serverError: { code: 'http.500' },
    hang: { code: 'http.no_answer' },
    oversize(received) {
      const { text } = payloadOf(received);
      expect(text.length).toBeLessThanOrEqual(4096);
      expect(text.length).toBeGreaterThan(3900);
      expect(text).toMatch(/… \(\+\d+ characters\)/);
      expectTelegramHtml(text);
    },
    hostile(received) {
      const { text } = payloadOf(received);
      expect(text).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expectTelegramHtml(text);
    },
    sameId: { notApplicable: 'a bot knows no id of a message before it is sent' },
  },
};
