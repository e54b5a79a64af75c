import type { Message } from '../../core/message/message.ts';
import { secret } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import type { Secret } from '../../lib/secrets/secret.ts';
import { type Mentions, mentionFault, mentionSetting, mentionsNobody } from '../kit/chat/mention.ts';
import { readErrcode } from '../kit/chat/errcode.ts';
import { placedAddress } from '../kit/chat/parts.ts';
import { WECOM_MARKDOWN } from '../kit/chat/wecom.ts';
import { type Answers, misconfigured, permanent, rateLimited, transient } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL } from '../kit/http/failures.ts';
import { fitText, layoutOf, type Markup, PLAIN, without } from '../kit/text/layout.ts';
import { plainOf } from '../kit/text/plain.ts';
import { byteLength, cleanLine, cutToBytes } from '../kit/text/text.ts';

const FORMATS = ['text', 'markdown', 'markdown_v2', 'news'] as const;
type WecomFormat = (typeof FORMATS)[number];

const settings = {
  key: Type.Optional(
    secret({
      description: 'The part after `key=` in the webhook URL of the bot.',
      examples: ['${env:WECOM_ROBOT_KEY}'],
    }),
  ),
  keys: Type.Optional(
    Type.Array(secret({ description: 'The key of one bot.', examples: ['${env:WECOM_ROBOT_KEY}'] }), {
      description:
        'Keys of several bots of one group. They take turns, because each may send only 20 messages a minute; a bot that is refused or too fast is skipped.',
      examples: [['${env:WECOM_KEY_1}', '${env:WECOM_KEY_2}']],
      minItems: 1,
    }),
  ),
  format: Type.Optional(
    Type.Unsafe<WecomFormat>({
      type: 'string',
      enum: [...FORMATS],
      description:
        'Format of the messages. If not set: `text` for plain text, `news` for short messages with a picture and a link, `markdown` for others. `markdown_v2` has tables and code blocks but no mentions, and clients before 4.1.36 show its source text.',
      examples: ['markdown'],
    }),
  ),
  mention: mentionSetting({
    description:
      'People to mention: user ids, mobile numbers, or `all`. Only text messages can mention numbers and `all`, so a message with these is sent as text.',
    examples: [['zhangsan', '13800138000'], 'all'],
  }),
};

interface Keys {
  readonly key?: Secret;
  readonly keys?: readonly Secret[];
}

const keysOf = ({ key, keys }: Keys) => [...(key === undefined ? [] : [key]), ...(keys ?? [])];

/** A key that is given twice would get more messages than its bot takes. */
const repeatedKeys = (keys: readonly Secret[]) =>
  keys.flatMap((one, index) =>
    keys.findIndex((other) => other.reveal() === one.reveal()) === index
      ? []
      : [{ pointer: `/keys/${index}`, message: 'this key is already in the list', mend: 'give each bot once' }],
  );

/** https://developer.work.weixin.qq.com/document/path/90313 */
const answers: Answers = {
  read: readErrcode,
  codes: {
    [-1]: transient('the system is busy'),
    6000: transient('two changes at once'),
    40008: permanent('the message type is not known'),
    40033: permanent('the request holds characters that are not allowed'),
    40035: permanent('a parameter is not valid'),
    40058: permanent('a parameter is not valid, or the text is too long'),
    40063: permanent('a parameter is missing'),
    44004: permanent('the text is empty'),
    45002: permanent('the text is too long'),
    45009: rateLimited('more than 20 messages in a minute', 60_000),
    45033: rateLimited('too many calls at once', 5000),
    85002: permanent('the text holds words that are not allowed'),
    93000: misconfigured('the key is wrong, or the bot was taken out of the group'),
    93004: misconfigured('the bot is switched off'),
    93008: misconfigured('the bot is not in the group'),
  },
  statuses: ADDRESS_IS_CREDENTIAL,
};

/** Inserted into `<@`, which would begin a mention. */
const ZERO_WIDTH_SPACE = '\u200B';

const TEXT: Markup = { ...PLAIN, escape: (text) => text.replaceAll('<@', `<${ZERO_WIDTH_SPACE}@`) };

const MARKDOWN_V2: Markup = { ...WECOM_MARKDOWN, image: (address) => `![](${address})` };

interface Shape {
  /** Bytes of the content. */
  readonly limit: number;
  canMention(mentions: Mentions): boolean;
  build(message: Message, mentions: Mentions, limit: number): unknown;
}

const SHAPES: Readonly<Record<WecomFormat, Shape>> = {
  news: {
    limit: 512,
    canMention: mentionsNobody,
    build: (message, _, limit) => ({ msgtype: 'news', news: { articles: [article(message, limit)] } }),
  },
  markdown_v2: {
    limit: 4096,
    canMention: mentionsNobody,
    build(message, _, limit) {
      const content = fitText(layoutOf(message, MARKDOWN_V2), limit);
      return { msgtype: 'markdown_v2', markdown_v2: { content } };
    },
  },
  markdown: {
    limit: 4096,
    canMention: ({ all, mobiles }) => !all && mobiles.length === 0,
    build(message, { users }, limit) {
      const calls = users.map((user) => `\n<@${user}>`).join('');
      const content = fitText(layoutOf(message, WECOM_MARKDOWN), limit - byteLength(calls)) + calls;
      return { msgtype: 'markdown', markdown: { content } };
    },
  },
  text: {
    limit: 2048,
    canMention: () => true,
    build(message, { all, users, mobiles }, limit) {
      const content = fitText(layoutOf(message, TEXT), limit);
      const named = [...users, ...(all ? ['@all'] : [])];
      return {
        msgtype: 'text',
        text: {
          content,
          ...(named.length > 0 && { mentioned_list: named }),
          ...(mobiles.length > 0 && { mentioned_mobile_list: mobiles }),
        },
      };
    },
  },
};

function payloadOf(message: Message, format: WecomFormat | undefined, mentions: Mentions): unknown {
  const wanted = format ?? naturalFormat(message);
  // A format that can show the mentions is preferred to the wanted format; text can show all mentions.
  const shapes = [SHAPES[wanted], SHAPES.markdown, SHAPES.text];
  const shape = shapes.find((each) => each.canMention(mentions) && fits(each, message)) ?? SHAPES.text;
  return shape.build(message, mentions, shape.limit);
}

/** Whether the message has the parts that the format requires: a news card needs a link. */
const fits = (shape: Shape, { link }: Message): boolean => shape !== SHAPES.news || placedAddress(link) !== undefined;

function naturalFormat(message: Message): WecomFormat {
  const plain = message.format === 'text';
  const isCard =
    message.image !== undefined &&
    message.link !== undefined &&
    message.fields === undefined &&
    message.actions === undefined;
  if (
    isCard &&
    byteLength(plainOf(message.body, message.format)) <= SHAPES.news.limit &&
    byteLength(message.title) <= MAX_CARD_TITLE
  )
    return 'news';
  return plain ? 'text' : 'markdown';
}

const MAX_CARD_TITLE = 128;

function article(message: Message, limit: number): unknown {
  const title = cleanLine(plainOf(message.title, message.format));
  const picture = placedAddress(message.image);
  return {
    title: cutToBytes(title, MAX_CARD_TITLE),
    description: fitText(layoutOf(without(message, 'link', 'image'), TEXT, { untitled: true }), limit),
    url: placedAddress(message.link),
    ...(picture !== undefined && { picurl: picture }),
  };
}

/** WeCom (企业微信) group bot. https://developer.work.weixin.qq.com/document/path/99110 */
export const wecom = defineHttpChannel({
  type: 'wecom',
  summary: 'A group bot of WeCom (企业微信)',
  documentation: 'https://developer.work.weixin.qq.com/document/path/99110',
  setup: [
    'In WeCom open the menu of the group, 消息推送 (群机器人), and add a bot.',
    'Copy its webhook URL; the key is the part after `key=`.',
  ],
  example: { key: '${env:WECOM_ROBOT_KEY}' },
  api: 'https://qyapi.weixin.qq.com',
  settings,
  keys: { key: 'key=', keys: 'key=' },
  pool: keysOf,
  limits: { rate: '20/1m', text: '2,048 bytes as text, 4,096 bytes as Markdown' },
  supports: { kept: 'markdown link image mention', text: 'html actions fields' },
  markup: WECOM_MARKDOWN,
  mentionFault,
  check: ({ key, keys = [] }) => [
    ...((key === undefined) === (keys.length === 0)
      ? [{ pointer: '', message: 'one of `key` and `keys` is needed', mend: 'give the key of the bot as `key`' }]
      : []),
    ...repeatedKeys(keys),
  ],
  request: (message, { settings: { format }, api, key, mentions }) => ({
    url: `${api}/cgi-bin/webhook/send?key=${encodeURIComponent(key)}`,
    json: payloadOf(message, format, mentions),
  }),
  answers,
});
