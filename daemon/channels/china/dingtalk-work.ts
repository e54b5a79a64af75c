import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Message } from '../../core/message/message.ts';
import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { deliveryTime } from '../kit/chat/delivery-time.ts';
import { DINGTALK_MARKDOWN } from '../kit/chat/dingtalk.ts';
import { type Button, linkButtonsOf } from '../kit/chat/parts.ts';
import { readErrcode } from '../kit/chat/errcode.ts';
import { type Answers, each, misconfigured, permanent, rateLimited, transient, textIn } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { idOfDigits, key } from '../kit/http/settings.ts';
import { recipientFaultUnless, requireRecipients } from '../kit/recipients/names.ts';
import { fitJson, fitText, layoutOf, PLAIN, without } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { CODE_POINTS, cutText } from '../kit/text/text.ts';

/** Bytes of `msg`, as JSON. https://open.dingtalk.com/document/orgapp/asynchronous-sending-of-enterprise-session-messages */
const MAX_MESSAGE_BYTES = 2048;
/** Characters of the title and of a button. https://open.dingtalk.com/document/orgapp/message-types-and-data-format */
const MAX_TITLE = 64;
const MAX_BUTTON_BYTES = 20;
const MAX_BUTTONS = 5;
const MAX_ADDRESSES_BYTES = 1024;
const MAX_USERS = 100;

const titleOf = (message: Message): string => cutText(plainTitle(message), MAX_TITLE, CODE_POINTS) || '…';

/** The link and the actions as buttons; empty if they leave too little room for the text. */
function shortButtonsOf(message: Message): readonly Button[] {
  const buttons = linkButtonsOf(message, MAX_BUTTONS, MAX_BUTTON_BYTES);
  return buttons.reduce((sum, { address }) => sum + address.length, 0) > MAX_ADDRESSES_BYTES ? [] : buttons;
}

/** A text, Markdown if it needs it, or a card if it has buttons. */
function contentOf(message: Message, delivery: Delivery): unknown {
  const time = deliveryTime(delivery);
  const [first, ...others] = shortButtonsOf(message);
  if (first === undefined && message.format === 'text' && message.image === undefined) {
    const layout = layoutOf(message, PLAIN);
    const build = (room: number) => ({ msgtype: 'text', text: { content: `${fitText(layout, room)}\n${time}` } });
    return fitJson(build, MAX_MESSAGE_BYTES);
  }
  const layout = layoutOf(first === undefined ? message : without(message, 'link', 'actions'), DINGTALK_MARKDOWN);
  return fitJson((room) => {
    const text = `${fitText(layout, room)}\n\n${time}`;
    const title = titleOf(message);
    if (first === undefined) return { msgtype: 'markdown', markdown: { title, text } };
    const buttons =
      others.length === 0
        ? { single_title: first.label, single_url: first.address }
        : {
            btn_orientation: '0',
            btn_json_list: [first, ...others].map(({ label, address }) => ({ title: label, action_url: address })),
          };
    return { msgtype: 'action_card', action_card: { title, markdown: text, ...buttons } };
  }, MAX_MESSAGE_BYTES);
}

const NAME = /^(?:\*|dept:\d{1,12}|(?!dept:)[\w.@-]{1,64})$/;

const recipientFault = recipientFaultUnless(NAME, 'write the id of a user, `dept:ID`, or `*` for all');

/** Recipients in the lists of a request, at most 100 users in each. */
function listsOf(to: readonly string[]): readonly [object, ...object[]] {
  requireRecipients(to, recipientFault, 'dingtalk_work.bad_recipient');
  if (to.includes('*')) return [{ to_all_user: true }];
  const users = to.filter((name) => !name.startsWith('dept:'));
  const departments = to.flatMap((name) => (name.startsWith('dept:') ? [name.slice('dept:'.length)] : []));
  const first = { userid_list: users.slice(0, MAX_USERS).join(','), dept_id_list: departments.join(',') };
  const more = Array.from({ length: Math.ceil(users.length / MAX_USERS) - 1 }, (_, index) => ({
    userid_list: users.slice((index + 1) * MAX_USERS, (index + 2) * MAX_USERS).join(','),
  }));
  return [withoutEmpty(first), ...more];
}

/** DingTalk refuses an empty list. */
const withoutEmpty = (lists: Readonly<Record<string, string>>): object =>
  Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== ''));

/** Code that means that `sub_code` has the reason. */
const SEE_SUB_CODE = 88;

/** https://open.dingtalk.com/document/orgapp/server-api-error-codes-1 */
const answers: Answers = {
  read(answer) {
    const { task_id, sub_code, sub_msg } = answer.json;
    const result = readErrcode(answer);
    if (result?.ok === true && typeof task_id === 'number') return { ok: true, id: `${task_id}` };
    if (result?.ok !== false || result.code !== SEE_SUB_CODE || sub_code === undefined) return result;
    return { ok: false, code: `${sub_code as string}`, message: textIn(sub_msg) };
  },
  codes: {
    [-1]: transient('the system is busy'),
    [SEE_SUB_CODE]: misconfigured('the app may not do this'),
    ...each('33001 40001 40014 41001 42001', misconfigured('the access token is refused')),
    ...each('60011 60020 50002', misconfigured('the app may not do this')),
    ...each('33012 40003 60121', permanent('there is no such user')),
    34016: permanent('the text is too long'),
    ...each('40008 40033 40035', permanent('the request is not valid')),
    ...each('90001 90002 90018', rateLimited('too many calls', 60_000)),
  },
};

/** Work notifications of DingTalk (钉钉工作通知). https://open.dingtalk.com/document/orgapp/asynchronous-sending-of-enterprise-session-messages */
export const dingtalkWork = defineHttpChannel({
  type: 'dingtalk_work',
  summary: 'Members of DingTalk (钉钉), by work notifications of an app',
  documentation: 'https://open.dingtalk.com/document/orgapp/asynchronous-sending-of-enterprise-session-messages',
  setup: [
    'In the developer console of DingTalk make an internal app (企业内部应用) and publish it.',
    'Copy AppKey (Client ID), AppSecret (Client Secret) and AgentId from 凭证与基础信息.',
    'The id of a user is UserID in 通讯录 of the admin console.',
  ],
  example: {
    app_key: 'dingabcdef123456',
    app_secret: '${env:DINGTALK_APP_SECRET}',
    agent_id: 2_345_678_901,
    to: 'manager4220',
  },
  receipt: 'id of the task; DingTalk has accepted it and delivers it later',
  api: 'https://oapi.dingtalk.com',
  settings: {
    app_key: Type.String({
      description: 'The AppKey (Client ID) of the app.',
      examples: ['dingabcdef123456'],
      minLength: 1,
    }),
    app_secret: key('The AppSecret (Client Secret) of the app.', '${env:DINGTALK_APP_SECRET}'),
    agent_id: idOfDigits('The AgentId of the app.', 2_345_678_901),
    to: oneOrMany(
      Type.String({ description: 'The id of a user, `dept:ID`, or `*`.', examples: ['manager4220', 'dept:123'] }),
      {
        description:
          'Users and departments (`dept:ID`), or `*` for everybody, which DingTalk allows three times a day.',
        examples: [['manager4220', 'dept:123']],
      },
    ),
  },
  keys: { app_secret: '' },
  limits: { text: '2,048 bytes of the whole message' },
  supports: { kept: 'markdown link image actions to', text: 'html fields' },
  // DingTalk delivers equal messages to a user once a day.
  idempotent: true,
  markup: DINGTALK_MARKDOWN,
  names: { to: recipientFault },
  access: {
    // https://open.dingtalk.com/document/orgapp/obtain-orgapp-token
    request: ({ app_key, app_secret }, api) => ({
      method: 'GET',
      url: `${api}/gettoken?${new URLSearchParams({ appkey: app_key, appsecret: app_secret.reveal() }).toString()}`,
    }),
    answers: {
      read: readErrcode,
      codes: { ...answers.codes, ...each('40001 40089 40096', misconfigured('`app_key` or `app_secret` is wrong')) },
    },
    read: ({ access_token, expires_in }) => ({ token: access_token, seconds: expires_in }),
    stale: '33001 40001 40014 41001 42001',
  },
  request(message, { settings: { agent_id, to }, api, io: { delivery }, accessToken }) {
    const url = `${api}/topapi/message/corpconversation/asyncsend_v2?access_token=${encodeURIComponent(accessToken)}`;
    const msg = contentOf(message, delivery);
    const [first, ...others] = listsOf(message.to ?? to).map((lists) => ({
      url,
      json: { agent_id: Number(agent_id), ...lists, msg },
    }));
    return [first!, ...others];
  },
  answers,
});
