import type { Receipt } from '../../core/delivery/delivery.ts';
import { escapeFor } from '../../core/message/escape.ts';
import type { Message, Priority } from '../../core/message/message.ts';
import { secret, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { type ChannelTools, defineChannel, type Notifier, type SendIo } from '../channel.ts';
import { apiSetting, checkApi, checkHeaders, headersSetting, renderHeaders, sendScope } from '../kit/http/settings.ts';
import { fitted, fittedJson, type Markup, layOut, PLAIN, plainOf, without } from '../kit/text/layout.ts';
import { linkAddress } from '../kit/text/markup.ts';
import {
  checkMentions,
  logUnreadable,
  mentionFaultWithoutMobiles,
  type Mentions,
  mentionSetting,
  readMentions,
} from '../kit/chat/mention.ts';
import { type RobotCode, type RobotDialect, robotUrl, tellRobot } from '../kit/chat/post.ts';
import { hmac } from '../kit/signing.ts';
import { cleanLine, cutToBytes } from '../kit/text/text.ts';

const API = 'https://open.feishu.cn';
/** Bytes of the whole request. */
const LONGEST_REQUEST = 20_000;
const FORMATS = ['text', 'post', 'interactive'] as const;
type FeishuFormat = (typeof FORMATS)[number];

const settingsSchema = strict({
  token: secret({
    description: "What follows `/bot/v2/hook/` in the bot's webhook URL.",
    examples: ['${env:FEISHU_TOKEN}'],
  }),
  secret: Type.Optional(
    secret({
      description: 'The signing secret, where the bot has signature verification switched on.',
      examples: ['${env:FEISHU_SECRET}'],
    }),
  ),
  format: Type.Optional(
    Type.Unsafe<FeishuFormat>({
      type: 'string',
      enum: [...FORMATS],
      description:
        'How messages look. If not set: Markdown as an `interactive` card, everything else as a `post` with a title.',
      examples: ['interactive'],
    }),
  ),
  mention: mentionSetting({
    description: 'Who is called by name: open ids, user ids, or `all`. Mobile numbers do not work here.',
    examples: [['ou_0123456789abcdef'], 'all'],
  }),
  api: apiSetting(API),
  headers: headersSetting(),
});

type Settings = Static<typeof settingsSchema>;

/** Feishu (飞书) and Lark group bot. https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
export const feishu = defineChannel({
  type: 'feishu',
  summary: 'A group bot of Feishu (飞书) or Lark',
  documentation: 'https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot',
  settings: settingsSchema,
  // Two limits, 5 a second and 100 a minute, in one.
  limits: { rate: '5/3s' },
  idempotent: false,
  escape: (text, format) => (format === 'markdown' ? entities(text) : escapeFor(text, format)),
  check,
  names: { mention: mentionFaultWithoutMobiles },
  open: (settings, tools) => openFeishu(settings, tools),
});

function check({ token, mention, api, headers }: Settings) {
  const isUrl = token.reveal().includes('/');
  return [
    ...(isUrl
      ? [
          {
            pointer: '/token',
            message: 'this is not a token but a URL',
            mend: 'give only what follows `/bot/v2/hook/` in it',
          },
        ]
      : []),
    ...checkMentions(mention, mentionFaultWithoutMobiles),
    ...checkApi(api),
    ...checkHeaders(headers),
  ];
}

function openFeishu(settings: Settings, tools: ChannelTools): Notifier {
  return {
    async send(message: Message, io: SendIo): Promise<Receipt> {
      logUnreadable(message.mention, tools.log, io.delivery);
      const path = `/open-apis/bot/v2/hook/${encodeURIComponent(settings.token.reveal())}`;
      return await tellRobot(tools, dialect, {
        url: robotUrl(settings.api ?? API, path),
        headers: renderHeaders(settings.headers, sendScope(message, io.delivery)),
        payload: payloadOf(message, io, settings, signature(settings, tools.clock.now())),
        ending: io.ending,
      });
    },
  };
}

/** Seconds, good for an hour. The provider signs nothing with a key made of time and secret, not the other way round. */
function signature({ secret }: Settings, now: number): Record<string, string> {
  if (secret === undefined) return {};
  const timestamp = `${Math.floor(now / 1000)}`;
  const form = { algorithm: 'sha256', encoding: 'base64', prefix: '' } as const;
  return { timestamp, sign: hmac(`${timestamp}\n${secret.reveal()}`, '', form) };
}

const wrongMessage = (message: string): RobotCode => ({ class: 'permanent', message });
const wrongBot = (message: string): RobotCode => ({ class: 'permanent', misconfigured: true, message });
const tooFast: RobotCode = { class: 'transient', rateLimited: true, retryAfter: 30_000, message: 'too many messages' };

/** https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot */
const CODES: Readonly<Record<number, RobotCode>> = {
  9499: wrongMessage('the request is not valid, or longer than 20 KB'),
  11232: tooFast,
  11247: tooFast,
  19001: wrongBot('there is no such token'),
  19002: wrongMessage('the message type is missing'),
  19007: wrongBot('the bot is switched off'),
  19021: wrongBot('the signature does not match, or the clock of this machine is wrong'),
  19022: wrongBot('the bot does not take messages from this address'),
  19024: wrongMessage('the message has none of the keywords of the bot'),
  19036: wrongMessage('the message is too long'),
};

const TOO_MANY = /too many request|频率|频繁|限流|过快/i;

const dialect: RobotDialect = {
  name: 'feishu',
  read({ code, StatusCode, msg, StatusMessage }) {
    const number = code ?? StatusCode;
    const message = msg ?? StatusMessage;
    return typeof number === 'number'
      ? { code: number, message: typeof message === 'string' ? message : '' }
      : undefined;
  },
  // The same number for a bad request and for too many of them; the text is English or Chinese.
  meaning: ({ code, message }) => (code === 9499 && TOO_MANY.test(message) ? tooFast : CODES[code]),
};

/** How card Markdown wants its own characters written when they mean themselves. */
const entities = (text: string): string =>
  text.replace(/[&<>*~[\]()`_#\\!$|]/g, (character) => `&#${character.charCodeAt(0)};`);

const CARD: Markup = {
  markdown: true,
  escape: entities,
  title: (line) => `**${line}**`,
  field: (name, value) => `**${name}**: ${value}`,
  link: (label, address) => `[${label === '' ? address : label}](${address})`,
  gap: '\n',
};

/** In text `<at ...>` mentions, and nothing else means anything. */
const TEXT: Markup = { ...PLAIN, escape: (text) => text.replace(/<(?=\s*\/?\s*[a-z])/gi, '＜') };

type Build = (message: Message, mentions: Mentions, io: SendIo) => (room: number) => Record<string, unknown>;

const SHAPES: Readonly<Record<FeishuFormat, Build>> = {
  text(message, mentions) {
    const layout = layOut(message, TEXT);
    const calls = idsOf(mentions).map((id) => ` <at user_id="${id}">${id === 'all' ? '所有人' : id}</at>`);
    return (room) => ({ msg_type: 'text', content: { text: fitted(layout, room, TEXT) + calls.join('') } });
  },
  post(message, mentions) {
    const links = linksOf(message).map(({ label, address }) => [{ tag: 'a', text: label, href: address }]);
    const calls = idsOf(mentions).map((id) => ({ tag: 'at', user_id: id }));
    const layout = layOut(links.length > 0 ? without(message, 'link', 'actions') : message, PLAIN, { untitled: true });
    return (room) => {
      const lines = [
        [{ tag: 'text', text: fitted(layout, room, PLAIN) }],
        ...links,
        ...(calls.length > 0 ? [calls] : []),
      ];
      return { msg_type: 'post', content: { post: { zh_cn: { title: titleOf(message), content: lines } } } };
    };
  },
  interactive(message, mentions, io) {
    const calls = idsOf(mentions).map((id) => `<at id=${id}></at>`);
    const buttons = linksOf(without(message, 'link')).map(({ label, address }) => ({
      tag: 'button',
      text: { tag: 'plain_text', content: label },
      type: 'default',
      behaviors: [{ type: 'open_url', default_url: address }],
    }));
    const layout = layOut(buttons.length > 0 ? without(message, 'actions') : message, CARD, { untitled: true });
    return (room) => {
      const content = [fitted(layout, room, CARD), ...calls].join('\n');
      const header = { title: { tag: 'plain_text', content: titleOf(message) }, template: colourOf(message, io) };
      const elements = [{ tag: 'markdown', content }, ...buttons];
      return { msg_type: 'interactive', card: { schema: '2.0', header, body: { elements } } };
    };
  },
};

function payloadOf(message: Message, io: SendIo, settings: Settings, signed: Record<string, string>): unknown {
  const format = settings.format ?? (message.format === 'markdown' ? 'interactive' : 'post');
  const build = SHAPES[format](message, readMentions(settings.mention, message.mention), io);
  return fittedJson((room) => ({ ...signed, ...build(room) }), LONGEST_REQUEST);
}

const idsOf = ({ all, users }: Mentions): string[] => [...users, ...(all ? ['all'] : [])];

const LONGEST_TITLE = 300;
const LONGEST_LABEL = 100;
const MOST_LINKS = 10;

const titleOf = ({ title, format }: Message): string => cutToBytes(cleanLine(plainOf(title, format)), LONGEST_TITLE);

/** The link and the actions. Empty unless all of them can be followed: then they stand in the text, as what they are. */
function linksOf({ link, actions = [] }: Message): { label: string; address: string }[] {
  const targets = [...(link === undefined ? [] : [{ label: '', url: link }]), ...actions];
  const links = targets.flatMap(({ label, url }) => {
    const address = linkAddress(url);
    const name = cutToBytes(cleanLine(label), LONGEST_LABEL);
    return address === undefined ? [] : [{ label: name === '' ? address : name, address }];
  });
  return links.length === targets.length && links.length <= MOST_LINKS ? links : [];
}

const COLOURS: Readonly<Record<Priority, string>> = {
  min: 'grey',
  low: 'grey',
  normal: 'blue',
  high: 'orange',
  urgent: 'red',
};

const colourOf = ({ priority }: Message, { delivery }: SendIo): string =>
  delivery.status === 'resolved' ? 'green' : COLOURS[priority];
