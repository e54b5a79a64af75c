import type { Receipt } from '../../core/delivery/delivery.ts';
import type { Message } from '../../core/message/message.ts';
import { secret, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { escapeFor } from '../../core/message/escape.ts';
import { type ChannelTools, defineChannel, type Notifier, type SendIo } from '../channel.ts';
import { apiSetting, checkApi, checkHeaders, headersSetting, renderHeaders, sendScope } from '../kit/http/settings.ts';
import { fitted, type Markup, layOut, PLAIN, plainOf, without } from '../kit/text/layout.ts';
import { linkAddress, lookalikes } from '../kit/text/markup.ts';
import {
  checkMentions,
  logUnreadable,
  mentionFault,
  type Mentions,
  mentionSetting,
  mentionsNobody,
  readMentions,
} from '../kit/chat/mention.ts';
import { type RobotCode, type RobotDialect, robotUrl, tellRobot } from '../kit/chat/post.ts';
import { byteLength, cleanLine, cutToBytes } from '../kit/text/text.ts';

const API = 'https://qyapi.weixin.qq.com';
const FORMATS = ['text', 'markdown', 'markdown_v2', 'news'] as const;
type WecomFormat = (typeof FORMATS)[number];

const settingsSchema = strict({
  key: Type.Optional(
    secret({ description: "What follows `key=` in the robot's webhook URL.", examples: ['${env:WECOM_ROBOT_KEY}'] }),
  ),
  keys: Type.Optional(
    Type.Array(secret({ description: 'The key of one robot.', examples: ['${env:WECOM_ROBOT_KEY}'] }), {
      description: 'Several robots of one group, which take turns, since each may send only 20 messages a minute.',
      examples: [['${env:WECOM_KEY_1}', '${env:WECOM_KEY_2}']],
      minItems: 1,
    }),
  ),
  format: Type.Optional(
    Type.Unsafe<WecomFormat>({
      type: 'string',
      enum: [...FORMATS],
      description:
        'How messages look. If not set: text as `text`, others as `markdown`, and short ones with a picture and a link as `news`. `markdown_v2` has tables and code blocks but no mentions, and clients before 4.1.36 show it raw.',
      examples: ['markdown'],
    }),
  ),
  mention: mentionSetting({
    description:
      'Who is called by name: user ids, mobile numbers, or `all`. Numbers and `all` need text, so such a message is sent as text.',
    examples: [['zhangsan', '13800138000'], 'all'],
  }),
  api: apiSetting(API),
  headers: headersSetting(),
});

type Settings = Static<typeof settingsSchema>;

/** WeCom (企业微信) group robot. https://developer.work.weixin.qq.com/document/path/99110 */
export const wecom = defineChannel({
  type: 'wecom',
  summary: 'A group robot of WeCom (企业微信)',
  documentation: 'https://developer.work.weixin.qq.com/document/path/99110',
  settings: settingsSchema,
  limits: { rate: '20/1m' },
  idempotent: false,
  escape: (text, format) =>
    format === 'html' ? escapeFor(text, format) : format === 'markdown' ? lookalikes(text) : text,
  check,
  names: { mention: mentionFault },
  open: (settings, tools) => openWecom(settings, tools),
});

function check(settings: Settings) {
  const { key, keys, mention, api, headers } = settings;
  const all = keysOf(settings);
  const isUrl = all.some((one) => one.reveal().includes('/'));
  return [
    ...(all.length === 0 || (key !== undefined && keys !== undefined)
      ? [{ pointer: '', message: 'one of `key` and `keys` is needed', mend: 'give the key of the robot as `key`' }]
      : []),
    ...(isUrl
      ? [
          {
            pointer: key === undefined ? '/keys' : '/key',
            message: 'this is not a key but a URL',
            mend: 'give only what follows `key=` in it',
          },
        ]
      : []),
    ...checkMentions(mention),
    ...checkApi(api),
    ...checkHeaders(headers),
  ];
}

const keysOf = ({ key, keys }: Settings) => [...(key === undefined ? [] : [key]), ...(keys ?? [])];

function openWecom(settings: Settings, tools: ChannelTools): Notifier {
  const keys = keysOf(settings);
  return {
    async send(message: Message, io: SendIo): Promise<Receipt> {
      logUnreadable(message.mention, tools.log, io.delivery);
      const key = keys[turnOf(io, keys.length)]!;
      const path = `/cgi-bin/webhook/send?key=${encodeURIComponent(key.reveal())}`;
      return await tellRobot(tools, dialect, {
        url: robotUrl(settings.api ?? API, path),
        headers: renderHeaders(settings.headers, sendScope(message, io.delivery)),
        payload: payloadOf(message, settings),
        ending: io.ending,
      });
    },
  };
}

/** Which robot speaks: spread by the delivery's id, and the next one at each new attempt. */
function turnOf({ delivery, attempt }: SendIo, robots: number): number {
  let sum = 0;
  for (const character of delivery.id) sum = (sum * 31 + character.codePointAt(0)!) % 1_000_003;
  return (sum + attempt - 1) % robots;
}

const minute = 60_000;
const wrongMessage = (message: string): RobotCode => ({ class: 'permanent', message });
const wrongRobot = (message: string): RobotCode => ({ class: 'permanent', misconfigured: true, message });

/** https://developer.work.weixin.qq.com/document/path/90313 */
const CODES: Readonly<Record<number, RobotCode>> = {
  [-1]: { class: 'transient', message: 'the system is busy' },
  6000: { class: 'transient', message: 'two changes at once' },
  40008: wrongMessage('the message type is not known'),
  40033: wrongMessage('the request holds characters that are not allowed'),
  40035: wrongMessage('a parameter is not valid'),
  40058: wrongMessage('a parameter is not valid, or the text is too long'),
  40063: wrongMessage('a parameter is missing'),
  44004: wrongMessage('the text is empty'),
  45002: wrongMessage('the text is too long'),
  45009: { class: 'transient', rateLimited: true, retryAfter: minute, message: 'more than 20 messages in a minute' },
  45033: { class: 'transient', rateLimited: true, retryAfter: 5000, message: 'too many calls at once' },
  85002: wrongMessage('the text holds words that are not allowed'),
  93000: wrongRobot('the key is wrong, or the robot was taken out of the group'),
  93004: wrongRobot('the robot is switched off'),
  93008: wrongRobot('the robot is not in the group'),
};

const dialect: RobotDialect = {
  name: 'wecom',
  read: ({ errcode, errmsg }) =>
    typeof errcode === 'number' ? { code: errcode, message: typeof errmsg === 'string' ? errmsg : '' } : undefined,
  meaning: ({ code }) => CODES[code],
};

/** `<@` begins a mention; between the two nothing is seen. */
const ZERO_WIDTH_SPACE = '\u200B';

const TEXT: Markup = { ...PLAIN, escape: (text) => text.replaceAll('<@', `<${ZERO_WIDTH_SPACE}@`) };

const MARKDOWN: Markup = {
  markdown: true,
  escape: lookalikes,
  title: (line) => `**${line}**`,
  field: (name, value) => `> ${name}: ${value}`,
  link: (label, address) => `[${label === '' ? address : label}](${address})`,
  gap: '\n',
};

const MARKDOWN_V2: Markup = { ...MARKDOWN, image: (address) => `![](${address})` };

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
      const content = fitted(layOut(message, MARKDOWN_V2), limit, MARKDOWN_V2);
      return { msgtype: 'markdown_v2', markdown_v2: { content } };
    },
  },
  markdown: {
    limit: 4096,
    canMention: ({ all, mobiles }) => !all && mobiles.length === 0,
    build(message, { users }, limit) {
      const calls = users.map((user) => `\n<@${user}>`).join('');
      const content = fitted(layOut(message, MARKDOWN), limit - byteLength(calls), MARKDOWN) + calls;
      return { msgtype: 'markdown', markdown: { content } };
    },
  },
  text: {
    limit: 2048,
    canMention: () => true,
    build(message, { all, users, mobiles }, limit) {
      const content = fitted(layOut(message, TEXT), limit, TEXT);
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

function payloadOf(message: Message, settings: Settings): unknown {
  const mentions = readMentions(settings.mention, message.mention);
  const wanted = settings.format ?? naturalFormat(message);
  // To be called by name matters more than how the message looks: text can mention everybody.
  const shapes = [SHAPES[wanted], SHAPES.markdown, SHAPES.text];
  const shape = shapes.find((each) => each.canMention(mentions) && fits(each, message)) ?? SHAPES.text;
  return shape.build(message, mentions, shape.limit);
}

/** A card must lead somewhere. */
const fits = (shape: Shape, { link }: Message): boolean =>
  shape !== SHAPES.news || linkAddress(link ?? '') !== undefined;

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
    byteLength(message.title) <= LONGEST_CARD_TITLE
  )
    return 'news';
  return plain ? 'text' : 'markdown';
}

const LONGEST_CARD_TITLE = 128;

function article(message: Message, limit: number): unknown {
  const title = cleanLine(plainOf(message.title, message.format));
  const picture = linkAddress(message.image ?? '');
  return {
    title: cutToBytes(title, LONGEST_CARD_TITLE),
    description: fitted(layOut(without(message, 'link', 'image'), TEXT, { untitled: true }), limit, TEXT),
    url: linkAddress(message.link ?? ''),
    ...(picture !== undefined && { picurl: picture }),
  };
}
