import type { Message } from '../../core/message/message.ts';
import { secret } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import type { Secret } from '../../lib/secrets/secret.ts';
import { DINGTALK_MARKDOWN } from '../kit/chat/dingtalk.ts';
import { readErrcode } from '../kit/chat/errcode.ts';
import { type Mentions, mentionFault, mentionSetting, mentionsNobody } from '../kit/chat/mention.ts';
import { buttonsOf } from '../kit/chat/parts.ts';
import {
  type Answers,
  type CodeMeaning,
  misconfigured,
  permanent,
  rateLimited,
  transient,
} from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL } from '../kit/http/failures.ts';
import { hmac } from '../kit/signing/hmac.ts';
import { fitJson, fitText, layoutOf, PLAIN, without } from '../kit/text/layout.ts';
import { plainOf } from '../kit/text/plain.ts';
import { cleanLine, cutToBytes } from '../kit/text/text.ts';

/** Bytes of the whole request, as JSON. */
const MAX_REQUEST_BYTES = 20_000;

const settings = {
  token: secret({
    description: 'The part after `access_token=` in the webhook URL of the bot.',
    examples: ['${env:DINGTALK_TOKEN}'],
  }),
  secret: Type.Optional(
    secret({
      description: 'The signing secret, if signing (加签) is on in the settings of the bot.',
      examples: ['${env:DINGTALK_SECRET}'],
    }),
  ),
  format: Type.Optional(
    Type.Unsafe<'text' | 'markdown'>({
      type: 'string',
      enum: ['text', 'markdown'],
      description:
        'Format of the messages. If not set: Markdown for messages in Markdown or HTML and for those with a picture or buttons, otherwise `text`.',
      examples: ['markdown'],
    }),
  ),
  mention: mentionSetting({
    description: 'People to mention: mobile numbers, user ids, or `all`. They must be in the group.',
    examples: [['13800138000'], 'all'],
  }),
};

interface Keys {
  readonly token: Secret;
  readonly secret?: Secret;
}

/** Query with token and signature, which is valid for an hour. `now` in milliseconds since the epoch. https://open.dingtalk.com/document/robots/customize-robot-security-settings */
function queryOf({ token, secret }: Keys, now: number): string {
  const query = new URLSearchParams({ access_token: token.reveal() });
  if (secret === undefined) return query.toString();
  const key = secret.reveal();
  query.set('timestamp', `${now}`);
  query.set('sign', hmac(key, `${now}\n${key}`, { algorithm: 'sha256', encoding: 'base64', prefix: '' }));
  return query.toString();
}

const TOO_FAST = rateLimited('more than 20 messages in a minute', 600_000);

/** https://open.dingtalk.com/document/robots/custom-robot-access */
const CODES: Readonly<Record<number, CodeMeaning>> = {
  [-1]: transient('the system is busy'),
  88: misconfigured('the bot may not do this'),
  40035: permanent('a parameter is missing'),
  43004: permanent('the content type is not allowed'),
  90030: rateLimited('the quota of calls is used up', 3_600_000),
  101002: permanent('the message is too long'),
  130101: TOO_FAST,
  300001: misconfigured('there is no such token'),
  300005: misconfigured('there is no such token'),
  310000: permanent('the security settings of the bot refuse the message'),
  400013: misconfigured('the group does not exist any more'),
  400101: misconfigured('there is no such token'),
  400102: misconfigured('the bot is switched off'),
  400105: permanent('the message type is not known'),
  400106: misconfigured('the bot is not in the group'),
  410100: TOO_FAST,
  430101: permanent('a link is refused as unsafe'),
  430102: permanent('the text is refused as improper'),
  430103: permanent('a picture is refused as improper'),
  430104: permanent('the content is refused as improper'),
  460101: permanent('the message is too long'),
};

const SECURITY = 310000;

/**
 * Reasons behind the one code of the security settings, by the text: Chinese (`description:关键词不匹配;solution:...`,
 * `错误描述:...;解决方案:...`), on older bots English (`keywords not in content`). A missing keyword is about one message; the
 * others are about the channel. A text that is none of these says nothing about the channel, so the message alone is dead.
 * https://open.dingtalk.com/document/robots/customize-robot-security-settings
 */
const REASONS: readonly { readonly text: RegExp; readonly meaning: CodeMeaning }[] = [
  { text: /关键词|关键字|key ?word/i, meaning: permanent('the message has none of the keywords of the bot') },
  { text: /时间戳|timestamp/i, meaning: misconfigured('the clock of this machine is wrong by more than an hour') },
  { text: /签名|加签|\bsign\b|signature/i, meaning: misconfigured('the signature does not match: `secret` is wrong') },
  { text: /白名单|\bip\b|whitelist/i, meaning: misconfigured('the bot does not accept messages from this address') },
];

/** The part of the text that describes the error, without the advice, which mentions other reasons too. */
const descriptionOf = (text: string): string => /(?:description|错误描述)\s*[:：]\s*([^;；]+)/i.exec(text)?.[1] ?? text;

const answers: Answers = {
  read: readErrcode,
  codes: CODES,
  meaning({ code, message = '' }) {
    if (code !== SECURITY) return undefined;
    const description = descriptionOf(message);
    return REASONS.find(({ text }) => text.test(description))?.meaning;
  },
  statuses: ADDRESS_IS_CREDENTIAL,
};

type DingtalkFormat = 'text' | 'markdown';

function payloadOf(message: Message, wanted: DingtalkFormat | undefined, mentions: Mentions): unknown {
  const isPlain = message.format === 'text' && message.image === undefined && message.actions === undefined;
  const format = wanted ?? (isPlain ? 'text' : 'markdown');
  if (format === 'text') return text(message, mentions);
  // A card with buttons cannot mention people, so a message with mentions shows its actions as links.
  const buttons = mentionsNobody(mentions) ? cardButtons(message) : [];
  return buttons.length > 0 ? actionCard(message, buttons) : markdown(message, mentions);
}

/** Mentions for the text: DingTalk mentions only people that the text contains, too. */
const callsOf = ({ mobiles, users }: Mentions): string => [...mobiles, ...users].map((name) => `@${name}`).join(' ');

const at = ({ all, mobiles, users }: Mentions) => ({ atMobiles: mobiles, atUserIds: users, isAtAll: all });

function text(message: Message, mentions: Mentions): unknown {
  const layout = layoutOf(message, PLAIN);
  const calls = callsOf(mentions);
  return fitJson((room) => {
    const content = fitText(layout, room) + (calls === '' ? '' : `\n${calls}`);
    return { msgtype: 'text', text: { content }, at: at(mentions) };
  }, MAX_REQUEST_BYTES);
}

function markdown(message: Message, mentions: Mentions): unknown {
  const layout = layoutOf(message, DINGTALK_MARKDOWN);
  const calls = callsOf(mentions);
  return fitJson((room) => {
    const content = fitText(layout, room) + (calls === '' ? '' : `\n\n${calls}`);
    return { msgtype: 'markdown', markdown: { title: noticeOf(message), text: content }, at: at(mentions) };
  }, MAX_REQUEST_BYTES);
}

interface Button {
  readonly title: string;
  readonly actionURL: string;
}

function actionCard(message: Message, buttons: readonly Button[]): unknown {
  const layout = layoutOf(without(message, 'actions'), DINGTALK_MARKDOWN);
  const [only, ...more] = buttons;
  const keys =
    more.length === 0
      ? { singleTitle: only!.title, singleURL: only!.actionURL }
      : { btnOrientation: '0', btns: buttons };
  return fitJson(
    (room) => ({
      msgtype: 'actionCard',
      actionCard: { title: noticeOf(message), text: fitText(layout, room), ...keys },
    }),
    MAX_REQUEST_BYTES,
  );
}

/** Buttons of a card, in DingTalk's terms. */
const cardButtons = ({ actions }: Message): readonly Button[] =>
  buttonsOf(actions, 10, 60).map(({ label, address }) => ({ title: label, actionURL: address }));

const MAX_NOTICE = 128;

/** Title in the list of chats and in the notification, never empty. */
const noticeOf = ({ title, format }: Message): string =>
  cutToBytes(cleanLine(plainOf(title, format)), MAX_NOTICE) || '…';

/** DingTalk (钉钉) group bot. https://open.dingtalk.com/document/robots/custom-robot-access */
export const dingtalk = defineHttpChannel({
  type: 'dingtalk',
  summary: 'A group bot of DingTalk (钉钉)',
  documentation: 'https://open.dingtalk.com/document/robots/custom-robot-access',
  setup: [
    'In DingTalk open the settings of the group, 机器人, and add a custom bot (自定义).',
    'Choose 加签 in its security settings and copy the secret (SEC...).',
    'Copy the webhook URL; the token is the part after `access_token=`.',
  ],
  example: { token: '${env:DINGTALK_TOKEN}', secret: '${env:DINGTALK_SECRET}' },
  api: 'https://oapi.dingtalk.com',
  settings,
  keys: { token: 'access_token=' },
  // The limit is 20 a minute, and a bot that exceeds it is shut out for ten: two seconds more than a minute absorb what the network adds.
  limits: { rate: '20/62s', text: '20,000 bytes for the whole request' },
  supports: { kept: 'markdown link image actions mention', text: 'html fields' },
  markup: DINGTALK_MARKDOWN,
  mentionFault,
  request: (message, { settings: given, api, now, mentions }) => ({
    url: `${api}/robot/send?${queryOf(given, now)}`,
    json: payloadOf(message, given.format, mentions),
  }),
  answers,
});
