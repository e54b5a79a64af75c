import type { Receipt } from '../../core/delivery/delivery.ts';
import { escapeFor } from '../../core/message/escape.ts';
import type { Message } from '../../core/message/message.ts';
import { secret, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { type ChannelTools, defineChannel, type Notifier, type SendIo } from '../channel.ts';
import { apiSetting, checkApi, checkHeaders, headersSetting, renderHeaders, sendScope } from '../kit/http/settings.ts';
import { fitted, fittedJson, type Markup, layOut, PLAIN, plainOf, without } from '../kit/text/layout.ts';
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
import { type RobotAnswer, type RobotCode, type RobotDialect, robotUrl, tellRobot } from '../kit/chat/post.ts';
import { hmac } from '../kit/signing.ts';
import { cleanLine, cutToBytes } from '../kit/text/text.ts';

const API = 'https://oapi.dingtalk.com';
/** Bytes of the whole request. */
const LONGEST_REQUEST = 20_000;

const settingsSchema = strict({
  token: secret({
    description: "What follows `access_token=` in the robot's webhook URL.",
    examples: ['${env:DINGTALK_TOKEN}'],
  }),
  secret: Type.Optional(
    secret({
      description: 'The signing secret, where the robot has signing (加签) switched on.',
      examples: ['${env:DINGTALK_SECRET}'],
    }),
  ),
  format: Type.Optional(
    Type.Unsafe<'text' | 'markdown'>({
      type: 'string',
      enum: ['text', 'markdown'],
      description:
        'How messages look. If not set: text as `text`, others, and those with a picture or buttons, as Markdown.',
      examples: ['markdown'],
    }),
  ),
  mention: mentionSetting({
    description: 'Who is called by name: mobile numbers, user ids, or `all`. They must be in the group.',
    examples: [['13800138000'], 'all'],
  }),
  api: apiSetting(API),
  headers: headersSetting(),
});

type Settings = Static<typeof settingsSchema>;

/** DingTalk (钉钉) group robot. https://open.dingtalk.com/document/robots/custom-robot-access */
export const dingtalk = defineChannel({
  type: 'dingtalk',
  summary: 'A group robot of DingTalk (钉钉)',
  documentation: 'https://open.dingtalk.com/document/robots/custom-robot-access',
  settings: settingsSchema,
  // The limit is 20 a minute, and who exceeds it is shut out for ten: two seconds more than a minute absorb what the network adds.
  limits: { rate: '20/62s' },
  idempotent: false,
  escape: (text, format) => (format === 'markdown' ? MARKDOWN.escape(text) : escapeFor(text, format)),
  check,
  names: { mention: mentionFault },
  open: (settings, tools) => openDingtalk(settings, tools),
});

function check({ token, mention, api, headers }: Settings) {
  const isUrl = token.reveal().includes('/');
  return [
    ...(isUrl
      ? [
          {
            pointer: '/token',
            message: 'this is not a token but a URL',
            mend: 'give only what follows `access_token=` in it',
          },
        ]
      : []),
    ...checkMentions(mention),
    ...checkApi(api),
    ...checkHeaders(headers),
  ];
}

function openDingtalk(settings: Settings, tools: ChannelTools): Notifier {
  return {
    async send(message: Message, io: SendIo): Promise<Receipt> {
      logUnreadable(message.mention, tools.log, io.delivery);
      return await tellRobot(tools, dialect, {
        url: robotUrl(settings.api ?? API, `/robot/send?${queryOf(settings, tools.clock.now())}`),
        headers: renderHeaders(settings.headers, sendScope(message, io.delivery)),
        payload: payloadOf(message, settings),
        ending: io.ending,
      });
    },
  };
}

/** `now` in milliseconds since the epoch; a signature is good for an hour. https://open.dingtalk.com/document/robots/customize-robot-security-settings */
function queryOf({ token, secret }: Settings, now: number): string {
  const query = new URLSearchParams({ access_token: token.reveal() });
  if (secret === undefined) return query.toString();
  const key = secret.reveal();
  query.set('timestamp', `${now}`);
  query.set('sign', hmac(key, `${now}\n${key}`, { algorithm: 'sha256', encoding: 'base64', prefix: '' }));
  return query.toString();
}

const minute = 60_000;
const wrongMessage = (message: string): RobotCode => ({ class: 'permanent', message });
const wrongRobot = (message: string): RobotCode => ({ class: 'permanent', misconfigured: true, message });
const shutOut: RobotCode = {
  class: 'transient',
  rateLimited: true,
  retryAfter: 10 * minute,
  message: 'more than 20 messages in a minute',
};

/** https://open.dingtalk.com/document/robots/custom-robot-access */
const CODES: Readonly<Record<number, RobotCode>> = {
  [-1]: { class: 'transient', message: 'the system is busy' },
  88: wrongRobot('the robot may not do this'),
  40035: wrongMessage('a parameter is missing'),
  43004: wrongMessage('the content type is not allowed'),
  90030: { class: 'transient', rateLimited: true, retryAfter: 60 * minute, message: 'the quota of calls is used up' },
  101002: wrongMessage('the message is too long'),
  130101: shutOut,
  300001: wrongRobot('there is no such token'),
  300005: wrongRobot('there is no such token'),
  310000: wrongMessage('the security settings of the robot refuse the message'),
  400013: wrongRobot('the group does not exist any more'),
  400101: wrongRobot('there is no such token'),
  400102: wrongRobot('the robot is switched off'),
  400105: wrongMessage('the message type is not known'),
  400106: wrongRobot('the robot is not in the group'),
  410100: shutOut,
  430101: wrongMessage('a link is held to be unsafe'),
  430102: wrongMessage('the text is held to be improper'),
  430103: wrongMessage('a picture is held to be improper'),
  430104: wrongMessage('the content is held to be improper'),
  460101: wrongMessage('the message is too long'),
};

const SECURITY = 310000;

/**
 * Reasons behind the one code of the security settings, by the text: Chinese (`description:关键词不匹配;solution:...`,
 * `错误描述:...;解决方案:...`), on older robots English (`keywords not in content`). A missing keyword is about one message; the
 * others are about the channel. A text that is none of these says nothing about the channel, so the message alone is dead.
 * https://open.dingtalk.com/document/robots/customize-robot-security-settings
 */
const REASONS: readonly { readonly text: RegExp; readonly code: RobotCode }[] = [
  { text: /关键词|关键字|key ?word/i, code: wrongMessage('the message has none of the keywords of the robot') },
  { text: /时间戳|timestamp/i, code: wrongRobot('the clock of this machine is wrong by more than an hour') },
  { text: /签名|加签|\bsign\b|signature/i, code: wrongRobot('the signature does not match: `secret` is wrong') },
  { text: /白名单|\bip\b|whitelist/i, code: wrongRobot('the robot does not take messages from this address') },
];

/** The part of the text that names the error: the advice after it mentions other reasons, too. */
const descriptionOf = (text: string): string => /(?:description|错误描述)\s*[:：]\s*([^;；]+)/i.exec(text)?.[1] ?? text;

function meaningOf({ code, message }: RobotAnswer): RobotCode | undefined {
  if (code !== SECURITY) return CODES[code];
  const description = descriptionOf(message);
  return REASONS.find(({ text }) => text.test(description))?.code ?? CODES[code];
}

const dialect: RobotDialect = {
  name: 'dingtalk',
  read: ({ errcode, errmsg }) =>
    Number.isInteger(Number(errcode ?? NaN))
      ? { code: Number(errcode), message: typeof errmsg === 'string' ? errmsg : '' }
      : undefined,
  meaning: meaningOf,
};

const MARKDOWN: Markup = {
  markdown: true,
  // A single line feed is no new line here, two spaces before it make it one.
  escape: (text) => lookalikes(text).replaceAll('\n', '  \n'),
  title: (line) => `#### ${line}`,
  field: (name, value) => `- ${name}: ${value}`,
  link: (label, address) => `- [${label === '' ? address : label}](${address})`,
  image: (address) => `![](${address})`,
  gap: '\n\n',
};

function payloadOf(message: Message, settings: Settings): unknown {
  const mentions = readMentions(settings.mention, message.mention);
  const isPlain = message.format === 'text' && message.image === undefined && message.actions === undefined;
  const format = settings.format ?? (isPlain ? 'text' : 'markdown');
  if (format === 'text') return text(message, mentions);
  // A card with buttons cannot mention; then its actions are links.
  const buttons = mentionsNobody(mentions) ? buttonsOf(message) : [];
  return buttons.length > 0 ? actionCard(message, buttons) : markdown(message, mentions);
}

/** A mention counts only if the text has it too. */
const callsOf = ({ mobiles, users }: Mentions): string => [...mobiles, ...users].map((name) => `@${name}`).join(' ');

const at = ({ all, mobiles, users }: Mentions) => ({ atMobiles: mobiles, atUserIds: users, isAtAll: all });

function text(message: Message, mentions: Mentions): unknown {
  const layout = layOut(message, PLAIN);
  const calls = callsOf(mentions);
  return fittedJson((room) => {
    const content = fitted(layout, room, PLAIN) + (calls === '' ? '' : `\n${calls}`);
    return { msgtype: 'text', text: { content }, at: at(mentions) };
  }, LONGEST_REQUEST);
}

function markdown(message: Message, mentions: Mentions): unknown {
  const layout = layOut(message, MARKDOWN);
  const calls = callsOf(mentions);
  return fittedJson((room) => {
    const content = fitted(layout, room, MARKDOWN) + (calls === '' ? '' : `\n\n${calls}`);
    return { msgtype: 'markdown', markdown: { title: noticeOf(message), text: content }, at: at(mentions) };
  }, LONGEST_REQUEST);
}

interface Button {
  readonly title: string;
  readonly actionURL: string;
}

function actionCard(message: Message, buttons: readonly Button[]): unknown {
  const layout = layOut(without(message, 'actions'), MARKDOWN);
  const [only, ...more] = buttons;
  const keys =
    more.length === 0
      ? { singleTitle: only!.title, singleURL: only!.actionURL }
      : { btnOrientation: '0', btns: buttons };
  return fittedJson(
    (room) => ({
      msgtype: 'actionCard',
      actionCard: { title: noticeOf(message), text: fitted(layout, room, MARKDOWN), ...keys },
    }),
    LONGEST_REQUEST,
  );
}

const MOST_BUTTONS = 10;
const LONGEST_LABEL = 60;

/** Empty unless all actions are addresses that can be opened: a half of them would look like all. */
function buttonsOf({ actions = [] }: Message): readonly Button[] {
  const buttons = actions.flatMap(({ label, url }) => {
    const actionURL = linkAddress(url);
    return actionURL === undefined ? [] : [{ title: cutToBytes(cleanLine(label), LONGEST_LABEL), actionURL }];
  });
  return buttons.length === actions.length && buttons.length <= MOST_BUTTONS ? buttons : [];
}

const LONGEST_NOTICE = 128;

/** What the list of chats and the notification show, never empty. */
const noticeOf = ({ title, format }: Message): string =>
  cutToBytes(cleanLine(plainOf(title, format)), LONGEST_NOTICE) || '…';
