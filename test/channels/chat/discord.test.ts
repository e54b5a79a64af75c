import { describe, expect, test } from 'vitest';
import { discord } from '../../../daemon/channels/chat/discord.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { describeChannelContract } from '../contract.ts';

const PATH = '/api/webhooks/1203456789012345678/hooktoken-5xNq8ZQ';
const USER = '80351110224678912';
const OK = { body: { id: '1103456789012345679', channel_id: '199737254929760256' } };

interface Payload {
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

const payloadOf = (received: string): Payload => JSON.parse(received) as Payload;

describeChannelContract({
  type: discord,
  secrets: ['hooktoken-5xNq8ZQ', '1203456789012345678'],
  samples: { mention: { message: { mention: [USER] }, shown: `<@${USER}>` } },
  openDestination: () =>
    openHttpDestination({
      settings: (origin) => ({ url: origin + PATH }),
      responses: {
        success: OK,
        refusal: { status: 404, body: { message: 'Unknown Webhook', code: 10015 } },
        rateLimited: {
          status: 429,
          headers: { 'retry-after': '1' },
          body: { message: 'You are being rate limited.', retry_after: 6.9996, global: false },
        },
      },
    }),
  cases: {
    refusal: { class: 'permanent', code: 'discord.10015', misconfigured: true },
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
});

const channel = useHttpChannel(discord, { settings: (origin) => ({ url: origin + PATH }), success: OK });

describe('a message', () => {
  test('is an embed, and its receipt is the id of the message', async () => {
    expect(await channel.open().send(sampleMessage(), sampleIo())).toMatchObject({ id: '1103456789012345679' });
    const request = await channel.sent(
      {
        title: 'Disk nearly full',
        body: 'web_1: 91 % of https://ci.test/a_b_c',
        priority: 'urgent',
        tags: ['disk', 'web'],
        link: 'https://example.com/a',
        image: 'https://example.com/p.png',
        actions: [{ label: 'Open', url: 'https://example.com/b' }],
        fields: { host: 'web-1' },
      },
      { username: 'Belfry', thread_id: '1203456789012345670' },
    );
    expect(request.path).toBe(`${PATH}?wait=true&thread_id=1203456789012345670`);
    expect(request.json).toEqual({
      username: 'Belfry',
      allowed_mentions: { parse: [], users: [] },
      embeds: [
        {
          title: 'Disk nearly full',
          description: 'web\\_1: 91 % of https://ci.test/a_b_c\n**host**: web-1\n[Open](https://example.com/b)',
          color: 0xd9534f,
          url: 'https://example.com/a',
          image: { url: 'https://example.com/p.png' },
          footer: { text: 'disk, web' },
        },
      ],
    });
  });

  test('in Markdown is written as Discord reads it', async () => {
    const body =
      '# Head\n**b** *i* ~~s~~ `c`\n\n- one\n\n> q\n\n```sh\nx ``` y\n```\n[a](https://b.test/) [c](javascript:x)';
    expect(payloadOf((await channel.sent({ format: 'markdown', body })).text).embeds[0]!.description).toBe(
      '**Head**\n**b** *i* ~~s~~ `c`\n\n- one\n\n> q\n\n```sh\nx `\u200B`\u200B`\u200B y\n```\n[a](https://b.test/) c (javascript:x)',
    );
  });

  test('mentions only people that the message names', async () => {
    const { text } = await channel.sent({ body: '@everyone <@1>', mention: [USER, 'alice'] });
    expect(payloadOf(text)).toMatchObject({ content: `<@${USER}>`, allowed_mentions: { parse: [], users: [USER] } });
    expect(payloadOf((await channel.sent({ mention: ['all'] })).text)).toMatchObject({
      content: '@everyone',
      allowed_mentions: { parse: ['everyone'], users: [] },
    });
  });

  test('is green when an alert is resolved', async () => {
    const { text } = await channel.sent(
      { priority: 'urgent' },
      {},
      { delivery: sampleDelivery({ status: 'resolved' }) },
    );
    expect(payloadOf(text).embeds[0]!.color).toBe(0x22a55a);
  });
});

test('`api` replaces the host in `url`', async () => {
  const url = 'https://discord.test/api/webhooks/1/t?thread_id=1203456789012345671';
  const request = await channel.sent({}, { url, api: channel.sink().origin });
  expect(request.path).toBe('/api/webhooks/1/t?thread_id=1203456789012345671&wait=true');
});

test.each([
  [404, 10015, 'permanent', { misconfigured: true }],
  [401, 50027, 'permanent', { misconfigured: true }],
  [400, 50035, 'permanent', {}],
  [400, 50006, 'permanent', {}],
  [400, 220001, 'permanent', { misconfigured: true }],
  [400, 50083, 'permanent', {}],
  [503, 130000, 'transient', {}],
] as const)('status %i with code %i is %s', async (status, code, failureClass, detail) => {
  const failure = await channel.failure({ status, body: { code, message: 'why' } });
  expect(failure).toMatchObject({ class: failureClass, code: `discord.${code}`, message: 'why', detail });
});

test('a limit without a body, or of a fraction of a second, pauses the channel', async () => {
  const cloudflare = await channel.failure({ status: 429, headers: { 'retry-after': '30' }, body: 'error code: 1015' });
  expect(cloudflare).toMatchObject({ class: 'transient', detail: { rateLimited: true, retryAfter: 30_000 } });
  const short = await channel.failure({ status: 429, body: { message: 'x', retry_after: 0.4591 } });
  expect(short).toMatchObject({ code: 'discord.429', detail: { rateLimited: true, retryAfter: 460 } });
});

test('an address without a webhook is a wrong setting, and 204 leaves the outcome unknown', async () => {
  expect(await channel.failure({ status: 404, body: 'gone' })).toMatchObject({
    code: 'http.404',
    detail: { misconfigured: true },
  });
  expect(await channel.failure({ status: 204 })).toMatchObject({ class: 'unknown', code: 'discord.unreadable' });
});

test('settings that cannot work are found at load', () => {
  const url = 'https://discord.com/api/webhooks/1/t';
  expect(readSettings(discord, { url }).problems).toEqual([]);
  expect(readSettings(discord, { url: 'discord.com/api/webhooks/1/t' }).problems).toHaveLength(1);
  expect(readSettings(discord, { url, username: 'My Discord' }).problems).toHaveLength(1);
  expect(readSettings(discord, { url, thread_id: 'general' }).problems).toHaveLength(1);
});
