import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { feishu } from '../../../daemon/channels/chat/feishu.ts';
import { type HttpClient, openHttpClient } from '../../../daemon/channels/kit/http/client.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { channelTools, sampleDelivery, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { TOKEN, OK, type Payload, postOf, markdownOf } from './feishu.contract.ts';

let sink: TestServer;

let http: HttpClient;

beforeEach(async () => {
  sink = await openTestServer();
  sink.answer({ body: OK });
  http = openHttpClient();
});

afterEach(async () => {
  await http.close();
  await sink.close();
});

const open = (settings: object = {}, clock = new VirtualClock()) =>
  feishu.open(decodeSettings(feishu, { token: TOKEN, api: sink.origin, ...settings }), channelTools({ http, clock }));

async function sent(
  settings: object,
  message: Partial<Message>,
  status: 'firing' | 'resolved' = 'firing',
): Promise<Payload> {
  await open(settings).send(sampleMessage(message), sampleIo({ delivery: sampleDelivery({ status }) }));
  return sink.requests.at(-1)!.json as Payload;
}

test.each([
  ['demo', 1_599_360_473, 'l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8='],
  ['belfry-secret', 1_700_000_000, 'KpNLqgc9Jm+jbWAzzAz/Gl1acIhOWNwL+b8vJagJZ3c='],
])('is signed in the body with %j at %i', async (secret, seconds, sign) => {
  await open({ secret }, new VirtualClock(new Date(seconds * 1000).toISOString())).send(sampleMessage(), sampleIo());
  expect(sink.requests[0]!.path).toBe(`/open-apis/bot/v2/hook/${TOKEN}`);
  expect(sink.requests[0]!.json).toMatchObject({ timestamp: `${seconds}`, sign });
});

describe('the format of messages', () => {
  test('text is a post with a title, links and mentions as elements of their own', async () => {
    const payload = await sent(
      { mention: ['ou_abc', 'all'] },
      {
        fields: { host: 'db-1' },
        link: 'https://example.com/panel',
        actions: [{ label: 'Runbook', url: 'https://example.com/run' }],
      },
    );
    expect(payload).toEqual({
      msg_type: 'post',
      content: {
        post: {
          zh_cn: {
            title: 'Deploy failed: acme/api',
            content: [
              [{ tag: 'text', text: 'Build 42 of main by alice\nhost: db-1' }],
              [{ tag: 'a', text: 'https://example.com/panel', href: 'https://example.com/panel' }],
              [{ tag: 'a', text: 'Runbook', href: 'https://example.com/run' }],
              [
                { tag: 'at', user_id: 'ou_abc' },
                { tag: 'at', user_id: 'all' },
              ],
            ],
          },
        },
      },
    });
  });

  test('Markdown is a card with buttons, coloured by priority', async () => {
    const payload = await sent(
      { mention: 'ou_abc' },
      {
        format: 'markdown',
        priority: 'urgent',
        body: '**92%**',
        link: 'https://example.com/panel',
        actions: [{ label: 'Runbook', url: 'https://example.com/run' }],
      },
    );
    expect(payload.card).toEqual({
      schema: '2.0',
      header: { title: { tag: 'plain_text', content: 'Deploy failed: acme/api' }, template: 'red' },
      body: {
        elements: [
          {
            tag: 'markdown',
            content: '**92%**\n[https://example.com/panel](https://example.com/panel)\n<at id=ou_abc></at>',
          },
          {
            tag: 'button',
            text: { tag: 'plain_text', content: 'Runbook' },
            type: 'default',
            behaviors: [{ type: 'open_url', default_url: 'https://example.com/run' }],
          },
        ],
      },
    });
  });

  test('a resolved alert is green', async () => {
    const payload = await sent({ format: 'interactive' }, { priority: 'urgent' }, 'resolved');
    expect(payload.card?.header.template).toBe('green');
  });

  test('plain text, if it is set, mentions only with tags of the channel', async () => {
    const payload = await sent({ format: 'text', mention: 'all' }, { body: '<at user_id="all">x</at> 1 < 2' });
    expect(payload.content?.text).toBe(
      'Deploy failed: acme/api\n＜at user_id="all">x＜/at> 1 < 2 <at user_id="all">所有人</at>',
    );
  });

  test('text in a card is written in entities', async () => {
    const payload = await sent({ format: 'interactive' }, { body: '<at id=all></at> **x**' });
    expect(markdownOf(payload)).toBe('&#60;at id=all&#62;&#60;/at&#62; &#42;&#42;x&#42;&#42;');
  });

  test('an invalid address is shown as text', async () => {
    const payload = await sent({}, { link: 'javascript:alert(1)' });
    expect(postOf(payload).content).toEqual([
      [{ tag: 'text', text: 'Build 42 of main by alice\njavascript:alert(1)' }],
    ]);
  });

  test('an entity is never cut', async () => {
    const payload = await sent({ format: 'interactive' }, { body: '<<<<'.repeat(5000) });
    expect(markdownOf(payload)).toMatch(/^(&#60;)+… \(\+\d+ bytes\)$/);
  });
});

describe('the answer of the bot', () => {
  test('an old answer without `code` counts too', async () => {
    sink.answer({ body: { StatusCode: 0, StatusMessage: 'success' } });
    expect(await open().send(sampleMessage(), sampleIo())).toMatchObject({ status: 200 });
  });
});

test('settings that cannot work are found at load', () => {
  expect(readSettings(feishu, { token: 'https://www.feishu.cn/flow/api/trigger-webhook/abc' }).problems).toEqual([
    '/token: this is not a token but a URL',
  ]);
  expect(readSettings(feishu, { token: TOKEN, mention: '13800138000' }).problems).toEqual([
    '/mention/0: nobody can be mentioned by a mobile number here',
  ]);
});
