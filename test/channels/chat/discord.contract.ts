import { expect } from 'vitest';
import { discord } from '../../../daemon/channels/chat/discord.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const PATH = '/api/webhooks/1203456789012345678/hooktoken-5xNq8ZQ';

export const USER = '80351110224678912';

export const OK = { body: { id: '1103456789012345679', channel_id: '199737254929760256' } };

export interface Payload {
  readonly content?: string;
  readonly allowed_mentions: { readonly parse: readonly string[]; readonly users: readonly string[] };
  readonly embeds: readonly {
    readonly title: string;
    readonly description: string;
    readonly url?: string;
    readonly color: number;
    readonly footer?: { readonly text: string };
  }[];
}

export const payloadOf = (received: string): Payload => JSON.parse(received) as Payload;

const refused = (status: number, code: number) => ({ status, body: { code, message: 'why' } });

export const contract: ChannelContract = {
  type: discord,
  secrets: ['hooktoken-5xNq8ZQ', '1203456789012345678'],
  samples: { mention: { message: { mention: [USER] }, shown: `<@${USER}>` } },
  openDestination: () =>
    openHttpDestination({
      settings: (origin) => ({ url: origin + PATH }),
      responses: {
        success: OK,
        rateLimited: {
          status: 429,
          headers: { 'retry-after': '1' },
          body: { message: 'You are being rate limited.', retry_after: 6.9996, global: false },
        },
      },
    }),
  refusals: [
    {
      when: 'the webhook was deleted',
      answer: refused(404, 10015),
      class: 'permanent',
      code: 'discord.10015',
      misconfigured: true,
      mend: 'set a new URL',
    },
    {
      when: 'the token of the webhook is wrong',
      answer: refused(401, 50027),
      class: 'permanent',
      code: 'discord.50027',
      misconfigured: true,
      mend: 'set a new URL',
    },
    {
      when: 'there is no webhook at this address',
      answer: { status: 404, body: 'gone' },
      class: 'permanent',
      code: 'http.404',
      misconfigured: true,
      mend: 'correct `url`, or `api`',
    },
    {
      when: 'a forum needs a thread',
      answer: refused(400, 220001),
      class: 'permanent',
      code: 'discord.220001',
      misconfigured: true,
      mend: 'set `thread_id`',
    },
    {
      when: 'the channel has no threads',
      answer: refused(400, 220003),
      class: 'permanent',
      code: 'discord.220003',
      misconfigured: true,
      mend: 'remove `thread_id`',
    },
    {
      when: 'there is no such thread',
      answer: refused(404, 10003),
      class: 'permanent',
      code: 'discord.10003',
      misconfigured: true,
      mend: 'correct `thread_id`',
    },
    {
      when: 'the thread is archived',
      answer: refused(400, 50083),
      class: 'permanent',
      code: 'discord.50083',
      mend: 'open the thread',
    },
    {
      when: 'the thread is locked',
      answer: refused(400, 160005),
      class: 'permanent',
      code: 'discord.160005',
      mend: 'open the thread',
    },
    {
      when: 'the message is empty',
      answer: refused(400, 50006),
      class: 'permanent',
      code: 'discord.50006',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'a part of the message is not valid',
      answer: refused(400, 50035),
      class: 'permanent',
      code: 'discord.50035',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'AutoMod refused the text',
      answer: refused(400, 200000),
      class: 'permanent',
      code: 'discord.200000',
      mend: 'change the message, or exempt the webhook',
    },
    {
      when: 'too many messages',
      answer: { status: 429, body: { message: 'x', retry_after: 0.4591 } },
      class: 'transient',
      code: 'discord.429',
      rateLimited: true,
      retryAfter: 460,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'the network of Discord blocks this address for a time',
      answer: { status: 429, headers: { 'retry-after': '30' }, body: 'error code: 1015' },
      class: 'transient',
      code: 'discord.429',
      rateLimited: true,
      retryAfter: 30_000,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'Discord is overloaded',
      answer: refused(503, 130000),
      class: 'transient',
      code: 'discord.130000',
      mend: 'nothing: it is retried',
    },
    {
      when: 'the answer is not one of Discord: a proxy or a login page',
      answer: { status: 204 },
      class: 'unknown',
      code: 'discord.unreadable',
      mend: 'check the address and the network',
    },
  ],
  cases: {
    rateLimited: { code: 'discord.429' },
    serverError: { code: 'http.500' },
    hang: { code: 'http.no_answer' },
    oversize(received) {
      const { embeds } = payloadOf(received);
      const { title, description } = embeds[0]!;
      expect(title.length).toBeLessThanOrEqual(256);
      expect(description.length).toBeLessThanOrEqual(4096);
      expect(description.length).toBeGreaterThan(3800);
      expect(description).toMatch(/… \(\+\d+ characters\)/);
    },
    hostile(received) {
      const { content, allowed_mentions, embeds } = payloadOf(received);
      const { title, description } = embeds[0]!;
      expect(content).toBeUndefined();
      expect(allowed_mentions).toEqual({ parse: [], users: [] });
      expect(title + description).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      const text = description.replace('**host**', '').replace(/https?:\/\/\S+/g, '');
      expect(text).not.toMatch(/(?<!\\)[<>*`|[\]]|^[ \t]*#/m);
    },
    sameId: { notApplicable: 'a webhook knows no id of a message before it is sent' },
  },
};
