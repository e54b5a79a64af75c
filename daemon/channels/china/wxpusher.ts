import type { Message } from '../../core/message/message.ts';
import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { isObject } from '../../core/values/json.ts';
import { separateParts } from '../kit/chat/parts.ts';
import { misconfigured, permanent, rateLimited, textIn } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { recipientFaultUnless, requireRecipients } from '../kit/recipients/names.ts';
import { fitText, layoutOf, type Markup, PLAIN } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { CODE_POINTS, cutText } from '../kit/text/text.ts';
import { HTML_PAGE, MARKDOWN_PAGE } from './page-markup.ts';

/** Bytes of the content, which also counts after the conversion to HTML: this leaves room for it. */
const MAX_TEXT_BYTES = 40_000;
const MAX_SUMMARY = 100;
const MAX_LINK = 1000;

const CONTENT_TYPES: Readonly<Record<Message['format'], { readonly contentType: number; readonly markup: Markup }>> = {
  text: { contentType: 1, markup: PLAIN },
  html: { contentType: 2, markup: HTML_PAGE },
  markdown: { contentType: 3, markup: MARKDOWN_PAGE },
};

const UID = /^UID_\w{1,64}$/;

const recipientFault = recipientFaultUnless(UID, 'write the UID of a user (`UID_...`)', 'a UID');

interface TargetResult {
  readonly target: string;
  readonly ok: boolean;
  readonly id: string | undefined;
  readonly status: string;
}

const OK = 1000;

/** Results of the targets of one message. */
const resultsOf = (data: unknown): readonly TargetResult[] =>
  (Array.isArray(data) ? data : []).filter(isObject).map(({ uid, topicId, code, sendRecordId, status }) => ({
    target: `${(uid ?? topicId) as string}`,
    ok: code === OK,
    id: sendRecordId === undefined ? undefined : `${sendRecordId as number}`,
    status: `${status as string}`,
  }));

/** WxPusher. https://wxpusher.zjiecode.com/docs/ */
export const wxpusher = defineHttpChannel({
  type: 'wxpusher',
  summary: 'Followers of an application of WxPusher',
  documentation: 'https://wxpusher.zjiecode.com/docs/',
  setup: [
    'Make an application at https://wxpusher.zjiecode.com/admin and copy its appToken (`AT_...`).',
    'Let each person follow the application by its QR code; their UIDs are listed under 用户管理.',
    'For a topic copy its number under 主题管理.',
  ],
  example: { token: '${env:WXPUSHER_TOKEN}', to: 'UID_abcdef123456' },
  receipt: 'id of the message for each recipient',
  api: 'https://wxpusher.zjiecode.com',
  settings: {
    token: key('The appToken of the application.', '${env:WXPUSHER_TOKEN}'),
    to: Type.Optional(
      oneOrMany(Type.String({ description: 'The UID of a user.', examples: ['UID_abcdef123456'] }), {
        description: 'Users, at most 2,000.',
        examples: [['UID_abcdef123456']],
      }),
    ),
    topics: Type.Optional(
      Type.Array(Type.Integer({ description: 'The number of a topic.', examples: [123], minimum: 1 }), {
        description: 'Topics, whose followers get the messages.',
        examples: [[123]],
        minItems: 1,
        maxItems: 5,
      }),
    ),
  },
  keys: { token: '' },
  limits: { text: '100 characters of the title, 40,000 bytes of the text' },
  supports: { kept: 'markdown html link image to', text: 'actions fields' },
  markup: MARKDOWN_PAGE,
  names: { to: recipientFault },
  check: ({ to, topics }) =>
    to === undefined && topics === undefined
      ? [{ pointer: '', message: 'nobody gets the messages', mend: 'give `to` or `topics`' }]
      : [],
  request(message, { settings: { token, to = [], topics }, api }) {
    if (message.to !== undefined) requireRecipients(message.to, recipientFault, 'wxpusher.bad_recipient');
    const { contentType, markup } = CONTENT_TYPES[message.format];
    const { link = '', rest } = separateParts(message, { link: true });
    const isShort = link !== '' && link.length <= MAX_LINK;
    return {
      url: `${api}/api/send/message`,
      json: {
        appToken: token.reveal(),
        content: fitText(layoutOf(isShort ? rest : message, markup), MAX_TEXT_BYTES),
        summary: cutText(plainTitle(message), MAX_SUMMARY, CODE_POINTS),
        contentType,
        uids: message.to ?? to,
        ...(topics !== undefined && message.to === undefined && { topicIds: topics }),
        ...(isShort && { url: link }),
      },
    };
  },
  answers: {
    read({ json: { code, msg, data } }) {
      if (typeof code !== 'number') return undefined;
      if (code !== OK) return { ok: false, code, message: textIn(msg) };
      const results = resultsOf(data);
      const refused = results.filter(({ ok }) => !ok);
      if (results.length === 0 || refused.length === results.length)
        return { ok: false, code: 'no_recipient', message: refused[0]?.status ?? '' };
      return {
        ok: true,
        id: results.flatMap(({ ok, id }) => (ok && id !== undefined ? [id] : [])).join(' '),
        ...(refused.length > 0 && { refused: refused.map(({ target, status }) => `${target}: ${status}`).join(', ') }),
      };
    },
    // WxPusher has one code for all errors of a request. The text is Chinese.
    meaning({ code, message = '' }) {
      if (code !== 1001) return undefined;
      if (/频|次数|上限/.test(message)) return rateLimited('too many messages', 60_000);
      return /token/i.test(message) ? misconfigured('the token is refused') : undefined;
    },
    codes: {
      1001: permanent('the request is not valid'),
      1002: misconfigured('the token is refused'),
      no_recipient: permanent('no recipient gets the message'),
    },
  },
});
