import type { Message } from '../../core/message/message.ts';
import { secret } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import type { Secret } from '../../lib/secrets/secret.ts';
import type { SendIo } from '../channel.ts';
import { cardOf, FEISHU_CARD, idsOf, linksOf, titleOf } from '../kit/chat/feishu.ts';
import { mentionFaultWithoutMobiles, type Mentions, mentionSetting } from '../kit/chat/mention.ts';
import { type Answers, type CodeMeaning, misconfigured, permanent, rateLimited, textIn } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL } from '../kit/http/failures.ts';
import { hmac } from '../kit/signing/hmac.ts';
import { fitJson, fitText, layoutOf, type Markup, PLAIN, without } from '../kit/text/layout.ts';

/** Bytes of the whole request, as JSON. */
const MAX_REQUEST_BYTES = 20_000;
const FORMATS = ['text', 'post', 'interactive'] as const;
type FeishuFormat = (typeof FORMATS)[number];

const settings = {
  token: secret({
    description: 'The part after `/bot/v2/hook/` in the webhook URL of the bot.',
    examples: ['${env:FEISHU_TOKEN}'],
  }),
  secret: Type.Optional(
    secret({
      description: 'The signing secret, if signature verification is on in the settings of the bot.',
      examples: ['${env:FEISHU_SECRET}'],
    }),
  ),
  format: Type.Optional(
    Type.Unsafe<FeishuFormat>({
      type: 'string',
      enum: [...FORMATS],
      description:
        'Format of the messages. If not set: an `interactive` card for Markdown, and a `post` with a title for everything else.',
      examples: ['interactive'],
    }),
  ),
  mention: mentionSetting({
    description: 'People to mention: open ids, user ids, or `all`. Mobile numbers do not work here.',
    examples: [['ou_0123456789abcdef'], 'all'],
  }),
};

/** Signature, valid for an hour. The key consists of the time (seconds) and the secret, and the signed content is empty. */
function signature(key: Secret | undefined, now: number): Record<string, string> {
  if (key === undefined) return {};
  const timestamp = `${Math.floor(now / 1000)}`;
  const form = { algorithm: 'sha256', encoding: 'base64', prefix: '' } as const;
  return { timestamp, sign: hmac(`${timestamp}\n${key.reveal()}`, '', form) };
}

const TOO_FAST = rateLimited('too many messages', 30_000);

/** https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
const CODES: Readonly<Record<number, CodeMeaning>> = {
  9499: permanent('the request is not valid, or longer than 20 KB'),
  11232: TOO_FAST,
  11247: TOO_FAST,
  19001: misconfigured('there is no such token'),
  19002: permanent('the message type is missing'),
  19007: misconfigured('the bot is switched off'),
  19021: misconfigured('the signature does not match, or the clock of this machine is wrong'),
  19022: misconfigured('the bot does not accept messages from this address'),
  19024: permanent('the message has none of the keywords of the bot'),
  19036: permanent('the message is too long'),
};

const TOO_MANY = /too many request|频率|频繁|限流|过快/i;

const answers: Answers = {
  read({ json: { code, StatusCode, msg, StatusMessage } }) {
    const number = code ?? StatusCode;
    const message = msg ?? StatusMessage;
    if (number === 0) return { ok: true };
    return typeof number === 'number' ? { ok: false, code: number, message: textIn(message) } : undefined;
  },
  codes: CODES,
  // Feishu uses one code for an invalid request and for too many requests. The text is English or Chinese.
  meaning: ({ code, message = '' }) => (code === 9499 && TOO_MANY.test(message) ? TOO_FAST : undefined),
  statuses: ADDRESS_IS_CREDENTIAL,
};

/** Markup of text messages, in which only `<at ...>` has a meaning. */
const TEXT: Markup = { ...PLAIN, escape: (text) => text.replace(/<(?=\s*\/?\s*[a-z])/gi, '＜') };

type Build = (message: Message, mentions: Mentions, io: SendIo) => (room: number) => Record<string, unknown>;

const SHAPES: Readonly<Record<FeishuFormat, Build>> = {
  text(message, mentions) {
    const layout = layoutOf(message, TEXT);
    const calls = idsOf(mentions).map((id) => ` <at user_id="${id}">${id === 'all' ? '所有人' : id}</at>`);
    return (room) => ({ msg_type: 'text', content: { text: fitText(layout, room) + calls.join('') } });
  },
  post(message, mentions) {
    const links = linksOf(message).map(({ label, address }) => [{ tag: 'a', text: label, href: address }]);
    const calls = idsOf(mentions).map((id) => ({ tag: 'at', user_id: id }));
    const layout = layoutOf(links.length > 0 ? without(message, 'link', 'actions') : message, PLAIN, {
      untitled: true,
    });
    return (room) => {
      const lines = [[{ tag: 'text', text: fitText(layout, room) }], ...links, ...(calls.length > 0 ? [calls] : [])];
      return { msg_type: 'post', content: { post: { zh_cn: { title: titleOf(message), content: lines } } } };
    };
  },
  interactive(message, mentions, { delivery }) {
    const card = cardOf(message, mentions, delivery);
    return (room) => ({ msg_type: 'interactive', card: card(room) });
  },
};

/** Feishu (飞书) and Lark group bot. https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
export const feishu = defineHttpChannel({
  type: 'feishu',
  summary: 'A group bot of Feishu (飞书) or Lark',
  documentation: 'https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot',
  setup: [
    'In Feishu open the settings of the group, 群机器人, and add a custom bot (自定义机器人).',
    'Switch on 签名校验 and copy the secret.',
    'Copy the webhook URL; the token is its last part.',
  ],
  example: { token: '${env:FEISHU_TOKEN}', secret: '${env:FEISHU_SECRET}' },
  api: 'https://open.feishu.cn',
  settings,
  keys: { token: '/bot/v2/hook/' },
  // Satisfies both limits: 5 a second and 100 a minute.
  limits: { rate: '5/3s', text: '20,000 bytes for the whole request' },
  supports: { kept: 'markdown priority link actions mention', text: 'html image fields' },
  markup: FEISHU_CARD,
  mentionFault: mentionFaultWithoutMobiles,
  request(message, { settings: { token, secret: key, format }, api, io, now, mentions }) {
    const shape = SHAPES[format ?? (message.format === 'markdown' ? 'interactive' : 'post')];
    const build = shape(message, mentions, io);
    const signed = signature(key, now);
    return {
      url: `${api}/open-apis/bot/v2/hook/${encodeURIComponent(token.reveal())}`,
      json: fitJson((room) => ({ ...signed, ...build(room) }), MAX_REQUEST_BYTES),
    };
  },
  answers,
});
