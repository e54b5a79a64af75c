import { expect } from 'vitest';
import { dingtalk } from '../../../daemon/channels/chat/dingtalk.ts';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = 'token-0123456789abcdef';

export const SECRET = 'SECtestsecret0123456789';

export const OK = { errcode: 0, errmsg: 'ok' };

export interface Payload {
  readonly msgtype: string;
  readonly text?: { content: string };
  readonly markdown?: { title: string; text: string };
  readonly actionCard?: Readonly<Record<string, unknown>> & { title: string; text: string };
  readonly at?: { atMobiles: string[]; atUserIds: string[]; isAtAll: boolean };
}

export const contentOf = (payload: Payload): string =>
  payload.text?.content ?? payload.markdown?.text ?? payload.actionCard?.text ?? '';

const TEN_MINUTES = 600_000;
const refused = (errcode: number, errmsg: string) => ({ body: { errcode, errmsg } });

export const contract: ChannelContract = {
  type: dingtalk,
  secrets: [TOKEN, SECRET],
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ token: TOKEN, secret: SECRET, api }),
      responses: { success: { body: OK } },
    }),
  refusals: [
    {
      when: 'the message has no keyword',
      answer: refused(310000, 'keywords not in content'),
      class: 'permanent',
      code: 'dingtalk.310000',
      mend: 'put a keyword into the title',
    },
    {
      when: 'the message has no keyword (in Chinese)',
      answer: refused(
        310000,
        'description:关键词不匹配;solution:请联系群管理员查看此机器人的关键词，并在发送的信息中包含此关键词;link:请参考本接口对应文档获得具体要求;',
      ),
      class: 'permanent',
      code: 'dingtalk.310000',
      mend: 'put a keyword into the title',
    },
    {
      when: 'the message has no keyword (older text)',
      answer: refused(310000, '错误描述:关键词不匹配;解决方案:请联系群管理员查看此机器人的关键词;'),
      class: 'permanent',
      code: 'dingtalk.310000',
      mend: 'put a keyword into the title',
    },
    {
      when: 'the security settings refuse the message',
      answer: refused(310000, 'description:消息校验未通过;solution:请检查签名或关键词;'),
      class: 'permanent',
      code: 'dingtalk.310000',
      mend: 'put a keyword into the title',
    },
    {
      when: 'the secret is wrong',
      answer: refused(310000, 'sign not match'),
      class: 'permanent',
      code: 'dingtalk.310000',
      misconfigured: true,
      mend: 'correct `secret`',
    },
    {
      when: 'the secret is wrong (in Chinese)',
      answer: refused(
        310000,
        'description:机器人发送签名不匹配;solution:请确认签名和生成签名的时间戳必须都放在调用的网址中，请确认机器人的密钥加密和填写正确;',
      ),
      class: 'permanent',
      code: 'dingtalk.310000',
      misconfigured: true,
      mend: 'correct `secret`',
    },
    {
      when: 'the clock of this machine is wrong by more than an hour',
      answer: refused(310000, 'invalid timestamp'),
      class: 'permanent',
      code: 'dingtalk.310000',
      misconfigured: true,
      mend: 'set the clock, then `belfry channel test NAME`',
    },
    {
      when: 'the clock of this machine is wrong (in Chinese)',
      answer: refused(310000, '错误描述:时间戳无效;解决方案:请检查时间戳和签名;'),
      class: 'permanent',
      code: 'dingtalk.310000',
      misconfigured: true,
      mend: 'set the clock, then `belfry channel test NAME`',
    },
    {
      when: 'this address may not send',
      answer: refused(310000, 'ip 192.0.2.1 not in whitelist'),
      class: 'permanent',
      code: 'dingtalk.310000',
      misconfigured: true,
      mend: 'add the address of this machine to the settings of the bot',
    },
    {
      when: 'this address may not send (in Chinese)',
      answer: refused(310000, 'description:机器人发送IP不在白名单内;solution:请联系群管理员;'),
      class: 'permanent',
      code: 'dingtalk.310000',
      misconfigured: true,
      mend: 'add the address of this machine to the settings of the bot',
    },
    {
      when: 'there is no such token',
      answer: refused(300001, 'token is not exist'),
      class: 'permanent',
      code: 'dingtalk.300001',
      misconfigured: true,
      mend: 'set a new token',
    },
    {
      when: 'the bot is switched off',
      answer: refused(400102, 'bot stopped'),
      class: 'permanent',
      code: 'dingtalk.400102',
      misconfigured: true,
      mend: 'switch it on, or add a new bot',
    },
    {
      when: 'the message is too long',
      answer: refused(460101, 'message too long, exceed 20000 bytes'),
      class: 'permanent',
      code: 'dingtalk.460101',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the request has no JSON',
      answer: refused(40035, 'missing json'),
      class: 'permanent',
      code: 'dingtalk.40035',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the bot sends too fast',
      answer: refused(410100, 'sending too fast'),
      class: 'transient',
      code: 'dingtalk.410100',
      rateLimited: true,
      retryAfter: TEN_MINUTES,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'more than 20 messages in a minute',
      answer: refused(130101, 'send too fast, exceed 20 times per minute'),
      class: 'transient',
      code: 'dingtalk.130101',
      rateLimited: true,
      retryAfter: TEN_MINUTES,
      mend: 'nothing: the channel pauses by itself',
    },
    {
      when: 'the quota of the organisation is used up',
      answer: refused(90030, 'webhook over limit'),
      class: 'transient',
      code: 'dingtalk.90030',
      rateLimited: true,
      retryAfter: 3_600_000,
      mend: 'the channel tries again every hour; set a `delivery.fallback`',
    },
    {
      when: 'DingTalk is busy',
      answer: refused(-1, 'busy'),
      class: 'transient',
      code: 'dingtalk.-1',
      mend: 'nothing: it is retried',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
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
};
