import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { sha256 } from '../../lib/sha256.ts';
import { cardOf, FEISHU_CARD } from '../kit/chat/feishu.ts';
import { mentionFaultWithoutMobiles, mentionSetting } from '../kit/chat/mention.ts';
import {
  type Answers,
  each,
  misconfigured,
  permanent,
  type ProviderResult,
  rateLimited,
  type ReadableAnswer,
  transient,
  textIn,
} from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { secondsOf } from '../kit/http/failures.ts';
import { key } from '../kit/http/settings.ts';
import { fitJson } from '../kit/text/layout.ts';

/** Bytes of a request with a card. */
const MAX_REQUEST_BYTES = 30_000;

/** Kinds of ids, by their form. */
const KINDS: readonly { readonly id: RegExp; readonly kind: string }[] = [
  { id: /^oc_\w{1,100}$/, kind: 'chat_id' },
  { id: /^ou_\w{1,100}$/, kind: 'open_id' },
  { id: /^on_\w{1,100}$/, kind: 'union_id' },
  { id: /^[\w.+-]{1,100}@[\w.-]{1,100}$/, kind: 'email' },
  { id: /^[\w-]{1,64}$/, kind: 'user_id' },
];

const kindOf = (name: string): string | undefined => KINDS.find(({ id }) => id.test(name))?.kind;

const recipientFault = (name: string) =>
  kindOf(name) === undefined
    ? {
        message: 'this is not a recipient',
        mend: 'write a chat id (`oc_`), an open id (`ou_`), a user id or an e-mail address',
      }
    : undefined;

function readAnswer({ json: { code, msg, data }, headers }: ReadableAnswer): ProviderResult | undefined {
  const { message_id } = (data ?? {}) as { readonly message_id?: unknown };
  if (code === 0) return { ok: true, ...(typeof message_id === 'string' && { id: message_id }) };
  if (typeof code !== 'number') return undefined;
  // https://open.feishu.cn/document/server-docs/api-call-guide/frequency-control
  const retryAfter = secondsOf(Number(headers['x-ogw-ratelimit-reset'] ?? Number.NaN));
  const message = textIn(msg);
  return { ok: false, code, message, ...(retryAfter !== undefined && { retryAfter }) };
}

/** https://open.feishu.cn/document/server-docs/im-v1/message/create */
const answers: Answers = {
  read: readAnswer,
  codes: {
    ...each('99991661 99991663 99991664 99991668', misconfigured('the access token is refused')),
    99991672: misconfigured('the app has no permission to send messages (im:message:send_as_bot)'),
    ...each('230006 230027', misconfigured('the app may not send messages as a bot')),
    99991400: rateLimited('too many requests', 1000),
    230020: rateLimited('too many messages', 1000),
    230049: transient('the same message is being sent'),
    ...each('230001 230034', permanent('there is no such recipient, or the request is not valid')),
    ...each('230002 232009', permanent('the bot is not in the group')),
    ...each('230013 230029 230053', permanent('the user gets no messages of this app')),
    ...each('230018 230035 230038 230054', permanent('the settings of the group or the enterprise forbid this')),
    ...each('230022 230028', permanent('the text is refused as sensitive')),
    230025: permanent('the message is too long'),
    230099: permanent('the card is not valid'),
    // https://open.feishu.cn/document/server-docs/im-v1/message-card/patch
    230011: permanent('the earlier message was recalled'),
    230031: permanent('the earlier message is older than 14 days'),
    230110: permanent('the earlier message was deleted'),
  },
};

/** An app of Feishu (飞书) or Lark, which writes to people and groups. https://open.feishu.cn/document/server-docs/im-v1/message/create */
export const feishuApp = defineHttpChannel({
  type: 'feishu_app',
  summary: 'People and groups of Feishu (飞书) or Lark, by cards of an app that are updated in place',
  documentation: 'https://open.feishu.cn/document/server-docs/im-v1/message/create',
  setup: [
    'In the developer console of Feishu make a custom app, add 机器人 (Bot), the scope im:message:send_as_bot, and publish it.',
    'Copy App ID and App Secret from 凭证与基础信息; for Lark set `api: https://open.larksuite.com`.',
    'Add the bot to the group, and copy the chat id (`oc_`) from the settings of the group.',
  ],
  example: {
    app_id: 'cli_a1b2c3d4e5f6',
    app_secret: '${env:FEISHU_APP_SECRET}',
    to: 'oc_820faa21d7ed275b53d1727a0feaa917',
  },
  receipt: 'id of the message (om_...)',
  api: 'https://open.feishu.cn',
  settings: {
    app_id: Type.String({ description: 'The App ID.', examples: ['cli_a1b2c3d4e5f6'], minLength: 1 }),
    app_secret: key('The App Secret.', '${env:FEISHU_APP_SECRET}'),
    to: oneOrMany(
      Type.String({
        description: 'A chat id (`oc_`), an open id (`ou_`), a union id (`on_`), an e-mail address, or a user id.',
        examples: ['oc_820faa21d7ed275b53d1727a0feaa917', 'zhang@example.com'],
      }),
      { description: 'Groups and people.', examples: [['oc_820faa21d7ed275b53d1727a0feaa917', 'zhang@example.com']] },
    ),
    mention: mentionSetting({
      description: 'People to mention: open ids, user ids, or `all`. Mobile numbers do not work here.',
      examples: [['ou_0123456789abcdef'], 'all'],
    }),
  },
  keys: { app_secret: '' },
  // The limit of one user and one group; further messages wait.
  limits: { rate: '5/1s', text: '30 KB of the whole card' },
  supports: { kept: 'markdown priority link actions mention replace_key to', text: 'html image fields' },
  idempotent: true,
  markup: FEISHU_CARD,
  mentionFault: mentionFaultWithoutMobiles,
  names: { to: recipientFault },
  recipients: (message, { to }) => message.to ?? to,
  follows: {
    key: ({ replace_key }, _, { app_id }) => replace_key && JSON.stringify([app_id, replace_key]),
    untilResolved: true,
    gone: ['230011', '230031', '230110'],
  },
  access: {
    // https://open.feishu.cn/document/server-docs/authentication-management/access-token/tenant_access_token_internal
    request: ({ app_id, app_secret }, api) => ({
      url: `${api}/open-apis/auth/v3/tenant_access_token/internal`,
      json: { app_id, app_secret: app_secret.reveal() },
    }),
    answers: {
      read: readAnswer,
      codes: { ...answers.codes, ...each('10003 10014 10015', misconfigured('`app_id` or `app_secret` is wrong')) },
    },
    read: ({ tenant_access_token, expire }) => ({ token: tenant_access_token, seconds: expire }),
    stale: '99991661 99991663 99991664 99991668',
  },
  request(message, { api, io: { delivery }, mentions, to, earlier, accessToken }) {
    const headers = { authorization: `Bearer ${accessToken}` };
    const card = cardOf(message, mentions, delivery);
    const contentOf = (room: number): string => JSON.stringify({ ...card(room), config: { update_multi: true } });
    if (earlier !== undefined)
      return {
        method: 'PATCH',
        url: `${api}/open-apis/im/v1/messages/${encodeURIComponent(earlier)}`,
        headers,
        json: fitJson((room) => ({ content: contentOf(room) }), MAX_REQUEST_BYTES),
      };
    // The same id in two messages to different people would drop the second one.
    const uuid = `${delivery.id}-${sha256(to).slice(0, 8)}`;
    return {
      url: `${api}/open-apis/im/v1/messages?receive_id_type=${kindOf(to) ?? 'user_id'}`,
      headers,
      json: fitJson(
        (room) => ({ receive_id: to, msg_type: 'interactive', content: contentOf(room), uuid }),
        MAX_REQUEST_BYTES,
      ),
    };
  },
  answers,
});
