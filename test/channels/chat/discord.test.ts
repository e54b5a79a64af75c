import { describe, expect, test } from 'vitest';
import { discord } from '../../../daemon/channels/chat/discord.ts';
import { sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { useHttpChannel } from '../../support/http-channel.ts';
import { readSettings } from '../../support/channel-settings.ts';
import { PATH, USER, OK, payloadOf } from './discord.contract.ts';

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

test('settings that cannot work are found at load', () => {
  const url = 'https://discord.com/api/webhooks/1/t';
  expect(readSettings(discord, { url }).problems).toEqual([]);
  expect(readSettings(discord, { url: 'discord.com/api/webhooks/1/t' }).problems).toHaveLength(1);
  expect(readSettings(discord, { url, username: 'My Discord' }).problems).toHaveLength(1);
  expect(readSettings(discord, { url, thread_id: 'general' }).problems).toHaveLength(1);
});
