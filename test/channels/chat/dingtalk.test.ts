import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dingtalk } from '../../../daemon/channels/chat/dingtalk.ts';
import { type HttpClient, openHttpClient } from '../../../daemon/channels/kit/http/client.ts';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import type { Message } from '../../../daemon/core/message/message.ts';
import { channelTools, failureOfSending, sampleIo, sampleMessage } from '../../support/delivery.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import { decodeSettings, readSettings } from '../../support/channel-settings.ts';
import { openTestServer, type TestServer } from '../../support/test-server.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { describeChannelContract } from '../contract.ts';

const TOKEN = 'token-0123456789abcdef';
const SECRET = 'SECtestsecret0123456789';
const OK = { errcode: 0, errmsg: 'ok' };

interface Payload {
  readonly msgtype: string;
  readonly text?: { content: string };
  readonly markdown?: { title: string; text: string };
  readonly actionCard?: Readonly<Record<string, unknown>> & { title: string; text: string };
  readonly at?: { atMobiles: string[]; atUserIds: string[]; isAtAll: boolean };
}

const contentOf = (payload: Payload): string =>
  payload.text?.content ?? payload.markdown?.text ?? payload.actionCard?.text ?? '';

describeChannelContract({
  type: dingtalk,
  secrets: [TOKEN, SECRET],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ token: TOKEN, secret: SECRET, api }),
      responses: {
        success: { body: OK },
        refusal: {
          body: {
            errcode: 310000,
            errmsg: 'sign not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]',
          },
        },
        rateLimited: { status: 429, headers: { 'retry-after': '7' } },
      },
    }),
  cases: {
    refusal: { class: 'permanent', code: 'dingtalk.310000', misconfigured: true },
    rateLimited: { code: 'http.429' },
    serverError: { code: 'http.500' },
    hang: { code: 'http.no_answer' },
    oversize(received) {
      expect(byteLength(received)).toBeLessThanOrEqual(20_000);
      expect(byteLength(received)).toBeGreaterThan(15_000);
      expect(contentOf(JSON.parse(received) as Payload)).toMatch(/… \(\+\d+ bytes\)/);
      expect(received).not.toContain('\uFFFD');
    },
    hostile(received, { format }) {
      const payload = JSON.parse(received) as Payload;
      expect(payload.at).toEqual({ atMobiles: [], atUserIds: [], isAtAll: false });
      const content = contentOf(payload);
      expect(content).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      if (format !== 'text') expect(content).not.toMatch(/[<[\]`]|\*|^# /m);
    },
    sameId: { notApplicable: 'group bots know no message id' },
  },
});

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
  const TEN_MINUTES = 600_000;
  const KEYWORD =
    'description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;link:请参考本接口对应文档获得具体要求;';
  const SIGNATURE =
    'description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;';

  test.each([
    [310000, 'keywords not in content', 'permanent', {}],
    [310000, KEYWORD, 'permanent', {}],
    [310000, '错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词;', 'permanent', {}],
    [310000, SIGNATURE, 'permanent', { misconfigured: true }],
    [310000, '错误描述:时间戳无效;解决方案:请检查时间戳和签名;', 'permanent', { misconfigured: true }],
    [310000, 'description:机器人发送IP不在白名单内;solution:请联系群管理员;', 'permanent', { misconfigured: true }],
    [310000, 'description:消息校验未通过;solution:请检查签名或关键词;', 'permanent', {}],
    [310000, 'sign not match', 'permanent', { misconfigured: true }],
    [310000, 'invalid timestamp', 'permanent', { misconfigured: true }],
    [310000, 'ip 192.0.2.1 not in whitelist', 'permanent', { misconfigured: true }],
    [300001, 'token is not exist', 'permanent', { misconfigured: true }],
    [400102, 'bot stopped', 'permanent', { misconfigured: true }],
    [460101, 'message too long, exceed 20000 bytes', 'permanent', {}],
    [40035, 'missing json', 'permanent', {}],
    [410100, 'sending too fast', 'transient', { rateLimited: true, retryAfter: TEN_MINUTES }],
    [130101, 'send too fast, exceed 20 times per minute', 'transient', { rateLimited: true, retryAfter: TEN_MINUTES }],
    [90030, 'webhook over limit', 'transient', { rateLimited: true, retryAfter: 3_600_000 }],
    [-1, 'busy', 'transient', {}],
    [777777, 'new', 'permanent', {}],
  ] as const)('%i %j is %s', async (errcode, errmsg, failureClass, detail) => {
    sink.answer({ body: { errcode, errmsg } });
    const failure = await failureOfSending(open(), sampleMessage(), sampleIo());
    expect(failure).toMatchObject({ class: failureClass, code: `dingtalk.${errcode}`, message: errmsg });
    const { rateLimited, retryAfter, misconfigured } = failure.detail;
    expect(JSON.parse(JSON.stringify({ rateLimited, retryAfter, misconfigured }))).toEqual(detail);
  });

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
});

test('a whole URL is not a token', () => {
  const { problems } = readSettings(dingtalk, { token: 'https://oapi.dingtalk.com/robot/send?access_token=abc' });
  expect(problems).toEqual(['/token: this is not a token but a URL']);
});
