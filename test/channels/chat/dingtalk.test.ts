import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dingtalk } from '../../../daemon/channels/chat/dingtalk.ts';
import { type HttpClient, openHttpClient } from '../../../daemon/channels/kit/http/client.ts';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { channelTools, failureOfSending, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { TOKEN, OK, type Payload, contentOf } from './dingtalk.contract.ts';

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
  dingtalk.open(
    decodeSettings(dingtalk, { token: TOKEN, api: sink.origin, ...settings }),
    channelTools({ http, clock }),
  );

async function sent(settings: object, message: Partial<Message>): Promise<Payload> {
  await open(settings).send(sampleMessage(message), sampleIo());
  return sink.requests.at(-1)!.json as Payload;
}

describe('the address', () => {
  test.each([
    ['this is secret', 1_700_000_000_000, 'sSFWELbV2YwjdDQhWZwTcWlX5BWUx5J6TPpsZmuPii0%3D'],
    ['SECtestsecret0123456789', 1_577_262_236_757, '5jmRSWGEhRAxSqZaxx9WD9tezoENiM3xY%2BYbTiCnqgc%3D'],
    ['SECbelfry0000', 1_700_000_000_002, 'J7iveG7HDMbIL%2BO0Mt%2F%2B97bCO78z0XyD%2Fj%2F5rv3Rtvc%3D'],
  ])('is signed with %j at %i', async (secret, now, sign) => {
    await open({ secret }, new VirtualClock(new Date(now).toISOString())).send(sampleMessage(), sampleIo());
    expect(sink.requests[0]!.path).toBe(`/robot/send?access_token=${TOKEN}&timestamp=${now}&sign=${sign}`);
  });

  test('has only the token without signing', async () => {
    await sent({}, {});
    expect(sink.requests[0]!.path).toBe(`/robot/send?access_token=${TOKEN}`);
  });

  test('keeps the path of a relay', async () => {
    await sent({ api: `${sink.origin}/relay/` }, {});
    expect(sink.requests[0]!.path).toBe(`/relay/robot/send?access_token=${TOKEN}`);
  });
});

describe('the format of messages', () => {
  test('text is text', async () => {
    expect(await sent({}, {})).toEqual({
      msgtype: 'text',
      text: { content: 'Deploy failed: acme/api\nBuild 42 of main by alice' },
      at: { atMobiles: [], atUserIds: [], isAtAll: false },
    });
  });

  test('Markdown repeats the title, because only the list of chats shows it', async () => {
    const payload = await sent(
      {},
      {
        format: 'markdown',
        body: '**92%** of sda1',
        fields: { host: 'db-1' },
        link: 'https://example.com/panel',
        image: 'https://example.com/a.png',
      },
    );
    expect(payload.markdown).toEqual({
      title: 'Deploy failed: acme/api',
      text: '#### Deploy failed: acme/api\n\n**92%** of sda1\n\n- host: db-1\n- [https://example.com/panel](https://example.com/panel)\n![](https://example.com/a.png)',
    });
  });

  test('text in Markdown keeps its lines', async () => {
    expect((await sent({ format: 'markdown' }, { body: 'one\ntwo' })).markdown?.text).toContain('one  \ntwo');
  });

  test('actions are the buttons of a card', async () => {
    const one = await sent({}, { actions: [{ label: 'Ack', url: 'https://example.com/ack' }] });
    expect(one).toMatchObject({
      msgtype: 'actionCard',
      actionCard: { singleTitle: 'Ack', singleURL: 'https://example.com/ack' },
    });
    const two = await sent(
      {},
      {
        actions: [
          { label: 'Ack', url: 'https://example.com/ack' },
          { label: 'Panel', url: 'https://example.com/p' },
        ],
      },
    );
    expect(two.actionCard).toMatchObject({
      btnOrientation: '0',
      btns: [
        { title: 'Ack', actionURL: 'https://example.com/ack' },
        { title: 'Panel', actionURL: 'https://example.com/p' },
      ],
    });
  });

  test('actions are links if the message mentions people or if an address is invalid', async () => {
    const mentioning = await sent({ mention: 'all' }, { actions: [{ label: 'Ack', url: 'https://example.com/ack' }] });
    expect(mentioning).toMatchObject({ msgtype: 'markdown', at: { isAtAll: true } });
    expect(mentioning.markdown?.text).toContain('- [Ack](https://example.com/ack)');
    const broken = await sent({}, { actions: [{ label: 'Ack', url: 'javascript:alert(1)' }] });
    expect(broken.msgtype).toBe('markdown');
    expect(broken.markdown?.text).toContain('Ack javascript:alert(1)');
  });
});

test('mentions are in the list and in the text, also when the text is cut', async () => {
  for (const format of ['text', 'markdown'] as const) {
    const payload = await sent({ format, mention: ['13800138000', 'manager4220', 'all'] }, { body: '磁'.repeat(9000) });
    expect(payload.at).toEqual({ atMobiles: ['13800138000'], atUserIds: ['manager4220'], isAtAll: true });
    expect(contentOf(payload)).toMatch(/\n@13800138000 @manager4220$/);
    expect(byteLength(JSON.stringify(payload))).toBeLessThanOrEqual(20_000);
  }
});

test('the limit is on the whole request: text that is longer in JSON is cut more', async () => {
  await sent({}, { body: '"\n\\'.repeat(8000) });
  expect(sink.requests[0]!.bytes.length).toBeLessThanOrEqual(20_000);
  expect(sink.requests[0]!.bytes.length).toBeGreaterThan(15_000);
});

describe('what the bot answers', () => {
  test('a refusal by the security settings without a text concerns the message only', async () => {
    sink.answer({ body: { errcode: 310000 } });
    const failure = await failureOfSending(open(), sampleMessage(), sampleIo());
    expect(failure).toMatchObject({
      class: 'permanent',
      message: 'the security settings of the bot refuse the message',
    });
    expect(failure.detail.misconfigured).toBeUndefined();
  });

  test('a code that is written as text is a number', async () => {
    sink.answer({ body: { errcode: '410100', errmsg: 'too fast' } });
    expect(await failureOfSending(open(), sampleMessage(), sampleIo())).toMatchObject({ code: 'dingtalk.410100' });
  });

  test.each(['', false, [], null])('the code %j is no success', async (errcode) => {
    sink.answer({ body: { errcode } });
    expect(await failureOfSending(open(), sampleMessage(), sampleIo())).toMatchObject({ class: 'unknown' });
  });
});

test('a whole URL is not a token', () => {
  const { problems } = readSettings(dingtalk, { token: 'https://oapi.dingtalk.com/robot/send?access_token=abc' });
  expect(problems).toEqual(['/token: this is not a token but a URL']);
});
