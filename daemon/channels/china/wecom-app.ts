import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Message } from '../../core/message/message.ts';
import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { deliveryTime } from '../kit/chat/delivery-time.ts';
import { separateParts } from '../kit/chat/parts.ts';
import { readErrcode } from '../kit/chat/errcode.ts';
import { WECOM_MARKDOWN } from '../kit/chat/wecom.ts';
import {
  type Answers,
  each,
  misconfigured,
  permanent,
  type ProviderResult,
  rateLimited,
  type ReadableAnswer,
  transient,
} from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { idOfDigits, key } from '../kit/http/settings.ts';
import { recipientFaultUnless, requireRecipients } from '../kit/recipients/names.ts';
import { fitText, layoutOf, type Markup, PLAIN } from '../kit/text/layout.ts';
import { plainOf, plainTitle } from '../kit/text/plain.ts';
import { BYTES, byteLength, CODE_POINTS, cutText, type Unit } from '../kit/text/text.ts';

/** Seconds, the longest that WeCom allows, in which an equal request is dropped. */
const REPEAT_WINDOW = 14_400;

/** Text in which only tags that Belfry writes have a meaning. */
const TEXT: Markup = {
  ...PLAIN,
  escape: (text) => text.replaceAll('<', '＜'),
  link: (label, address) => `<a href="${address}">${label === '' ? address : label}</a>`,
};

const TITLE_COLOURS = { min: 'comment', low: 'comment', normal: '', high: 'warning', urgent: 'warning' } as const;

/** Markdown whose title has the colour of the priority, or green for `resolved`. */
function markdownOf({ priority }: Message, { status }: Delivery): Markup {
  const colour = status === 'resolved' ? 'info' : TITLE_COLOURS[priority];
  return {
    ...WECOM_MARKDOWN,
    title: (line) => (colour === '' ? `**${line}**` : `**<font color="${colour}">${line}</font>**`),
  };
}

/** Limits of a card: a text card counts characters, a news card counts bytes. */
const TEXT_CARD = { unit: CODE_POINTS, title: 128, text: 512 } as const;
const NEWS_CARD = { unit: BYTES, title: 128, text: 512 } as const;
const MAX_TEXT = 2048;

const fits = (message: Message, { unit, title, text }: { unit: Unit; title: number; text: number }): boolean =>
  unit.length(plainTitle(message)) <= title && unit.length(plainOf(message.body, message.format)) <= text / 2;

/** https://developer.work.weixin.qq.com/document/path/90236 */
function contentOf(message: Message, delivery: Delivery): Readonly<Record<string, unknown>> {
  const time = deliveryTime(delivery);
  const { link, image, rest } = separateParts(message, { link: true, image: true });
  const isShort = message.fields === undefined && message.actions === undefined;
  if (link !== undefined && image !== undefined && isShort && fits(message, NEWS_CARD)) {
    const description = `${fitText(layoutOf(rest, TEXT, { untitled: true }), NEWS_CARD.text - byteLength(time) - 1)}\n${time}`;
    const article = { title: plainTitle(message), description, url: link, picurl: image };
    return { msgtype: 'news', news: { articles: [article] } };
  }
  if (message.format === 'markdown') {
    const end = `\n<font color="comment">${time}</font>`;
    const layout = layoutOf(message, markdownOf(message, delivery));
    return { msgtype: 'markdown', markdown: { content: fitText(layout, MAX_TEXT - byteLength(end)) + end } };
  }
  if (link !== undefined && image === undefined && isShort && fits(message, TEXT_CARD)) {
    const lines = fitText(layoutOf(rest, TEXT, { untitled: true, unit: CODE_POINTS }), TEXT_CARD.text / 2);
    const description = `<div class="gray">${time}</div>${lines.replaceAll('\n', '<br>')}`;
    return { msgtype: 'textcard', textcard: { title: cardTitle(message), description, url: link } };
  }
  const end = `\n${time}`;
  return { msgtype: 'text', text: { content: fitText(layoutOf(message, TEXT), MAX_TEXT - byteLength(end)) + end } };
}

/** A card must have a title. */
const cardTitle = (message: Message): string => cutText(plainTitle(message), TEXT_CARD.title, CODE_POINTS) || '…';

const NAME = /^(?:\*|@all|(?:party|tag):\d{1,10}|(?!party:|tag:)[\w.@-]{1,64})$/;

const recipientFault = recipientFaultUnless(NAME, 'write the id of a user, `party:ID`, `tag:ID`, or `*` for all');

/** Recipients in the three lists of a request. */
function listsOf(to: readonly string[]) {
  requireRecipients(to, recipientFault, 'wecom_app.bad_recipient');
  if (to.includes('*') || to.includes('@all')) return { touser: '@all' };
  const listed = (kind: string): string =>
    to.flatMap((name) => (name.startsWith(kind) ? [name.slice(kind.length)] : [])).join('|');
  const touser = to.filter((name) => !/^(?:party|tag):/.test(name)).join('|');
  return { touser, toparty: listed('party:'), totag: listed('tag:') };
}

const split = (names: unknown): string[] =>
  typeof names === 'string' ? names.split('|').filter((name) => name !== '') : [];

/** Refused recipients of a request that WeCom has accepted. */
const refusedOf = ({ invaliduser, invalidparty, invalidtag, unlicenseduser }: Readonly<Record<string, unknown>>) =>
  [invaliduser, invalidparty, invalidtag, unlicenseduser].flatMap(split);

/** Number of recipients in a request; infinite if it is for all. */
function countOf(json: unknown): number {
  const { touser, toparty, totag } = json as Readonly<Record<string, unknown>>;
  return touser === '@all' ? Infinity : [touser, toparty, totag].flatMap(split).length;
}

/** Result of any request; the address that must be added in the console is not known otherwise. */
function readResult(answer: ReadableAnswer): ProviderResult | undefined {
  const result = readErrcode(answer);
  if (result?.ok !== false || result.code !== 60020) return result;
  const [, address = 'of this machine'] = /from ip:\s*([\d.:a-f]+)/i.exec(result.message ?? '') ?? [];
  return { ...result, message: `the address ${address} is not among the trusted ones (企业可信IP) of the app` };
}

/** https://developer.work.weixin.qq.com/document/path/90313 */
const answers: Answers = {
  read(answer) {
    const result = readResult(answer);
    if (result?.ok !== true) return result;
    const { msgid } = answer.json;
    const refused = refusedOf(answer.json);
    if (refused.length >= countOf(answer.request?.json)) return { ok: false, code: 'no_recipient' };
    return {
      ok: true,
      ...(typeof msgid === 'string' && { id: msgid }),
      ...(refused.length > 0 && { refused: refused.join(', ') }),
    };
  },
  codes: {
    ...each('-1 6000', transient('the system is busy')),
    ...each('40001 40014 41001 42001', misconfigured('the access token is refused')),
    ...each('40013 40056 301002', misconfigured('the enterprise or the app is not the one of the secret')),
    ...each('60011 48002 50002 50003', misconfigured('the app may not do this')),
    60020: misconfigured('the app does not trust the address of this machine'),
    ...each('40003 43004 46004 60111 81013 82001', permanent('there is no such recipient for this app')),
    no_recipient: permanent('none of the recipients may get messages of this app: they have no licence'),
    ...each('40008 40033 40035 40058 40063 44004', permanent('the request is not valid')),
    45002: permanent('the text is too long'),
    85002: permanent('the text holds words that are not allowed'),
    45009: rateLimited('too many calls', 60_000),
    45033: rateLimited('too many calls at once', 5000),
  },
};

/** An app of WeCom (企业微信), which writes to its members. https://developer.work.weixin.qq.com/document/path/90236 */
export const wecomApp = defineHttpChannel({
  type: 'wecom_app',
  summary: 'Members of WeCom (企业微信), by messages of an app',
  documentation: 'https://developer.work.weixin.qq.com/document/path/90236',
  setup: [
    'In the admin console of WeCom open 应用管理, 自建, make an app, and copy its AgentId and Secret.',
    'Add the public address of this machine in 企业可信IP of the app; the console asks for a trusted domain before.',
    'Copy 企业ID from 我的企业 as `corp_id`. The id of a member is 账号 in 通讯录.',
  ],
  example: { corp_id: 'ww1a2b3c4d5e6f7a8b', agent_id: 1_000_002, secret: '${env:WECOM_APP_SECRET}', to: 'zhangsan' },
  receipt: 'id of the message (msgid)',
  api: 'https://qyapi.weixin.qq.com',
  settings: {
    corp_id: Type.String({
      description: 'The id of the enterprise (企业ID).',
      examples: ['ww1a2b3c4d5e6f7a8b'],
      minLength: 1,
    }),
    agent_id: idOfDigits('The AgentId of the app.', 1_000_002),
    secret: key('The Secret of the app.', '${env:WECOM_APP_SECRET}'),
    to: oneOrMany(
      Type.String({
        description: 'The id of a user, `party:ID`, `tag:ID`, or `*`.',
        examples: ['zhangsan', 'party:2'],
      }),
      {
        description: 'Users, departments (`party:ID`) and tags (`tag:ID`), or `*` for all members that see the app.',
        examples: [['zhangsan', 'party:2'], '*'],
      },
    ),
  },
  keys: { secret: '' },
  // WeCom drops messages above 30 a minute for one member without an error.
  limits: { rate: '30/1m', text: '2,048 bytes' },
  supports: { kept: 'markdown priority link image to', text: 'html actions fields' },
  idempotent: true,
  markup: WECOM_MARKDOWN,
  names: { to: recipientFault },
  access: {
    // https://developer.work.weixin.qq.com/document/path/91039
    request: ({ corp_id, secret }, api) => ({
      method: 'GET',
      url: `${api}/cgi-bin/gettoken?${new URLSearchParams({ corpid: corp_id, corpsecret: secret.reveal() }).toString()}`,
    }),
    answers: {
      read: readResult,
      codes: { ...answers.codes, ...each('40001 40013 40091', misconfigured('`corp_id` or `secret` is wrong')) },
    },
    read: ({ access_token, expires_in }) => ({ token: access_token, seconds: expires_in }),
    stale: '40001 40014 41001 42001',
  },
  request: (message, { settings: { agent_id, to }, api, io: { delivery }, accessToken }) => ({
    url: `${api}/cgi-bin/message/send?access_token=${encodeURIComponent(accessToken)}`,
    json: {
      ...listsOf(message.to ?? to),
      agentid: Number(agent_id),
      ...contentOf(message, delivery),
      enable_duplicate_check: 1,
      duplicate_check_interval: REPEAT_WINDOW,
    },
  }),
  answers,
});
