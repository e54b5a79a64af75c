import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { dingtalkWork } from '../../../daemon/channels/china/dingtalk-work.ts';
import { openHttpDestination, type ProviderAnswer, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const SECRET = 'ding-app-SECRET-0123456789';
export const TOKEN = 'ding-access-token-0123456789';
export const OK = { body: { errcode: 0, errmsg: 'ok', task_id: 256_271_667_526, request_id: 'r' } };
export const ASIDE = { '/gettoken': { body: { errcode: 0, errmsg: 'ok', access_token: TOKEN, expires_in: 7200 } } };
export const settings = (api: string) => ({
  app_key: 'dingkey',
  app_secret: SECRET,
  agent_id: 123_456,
  to: 'manager4220',
  api,
});
export const refused = (errcode: number, more: object = {}) => ({ body: { errcode, errmsg: 'why', ...more } });

export interface Payload {
  readonly msg: {
    readonly msgtype: string;
    readonly text?: { readonly content: string };
    readonly markdown?: { readonly title: string; readonly text: string };
  };
}

const textOf = (received: string): string => {
  const { text, markdown } = (JSON.parse(received) as Payload).msg;
  return text?.content ?? markdown!.text;
};

export const contract: ChannelContract<ProviderAnswer> = {
  type: dingtalkWork,
  secrets: [SECRET, TOKEN],
  openDestination: () => openHttpDestination({ settings, responses: { success: OK }, aside: ASIDE }),
  refusals: [
    {
      when: '`app_key` or `app_secret` is wrong',
      answer: { aside: { '/gettoken': refused(40089) } },
      class: 'permanent',
      code: 'dingtalk_work.40089',
      misconfigured: true,
      mend: 'copy AppKey and AppSecret again',
    },
    {
      when: 'the app may not send work notifications',
      answer: refused(88, { sub_code: '60011', sub_msg: '没有调用该接口的权限' }),
      class: 'permanent',
      code: 'dingtalk_work.60011',
      misconfigured: true,
      mend: 'add the permission in 权限管理 of the app',
    },
    {
      when: 'the address of this machine is not trusted',
      answer: refused(88, { sub_code: '60020', sub_msg: '访问ip不在白名单之中' }),
      class: 'permanent',
      code: 'dingtalk_work.60020',
      misconfigured: true,
      mend: 'add the address to 服务器出口IP of the app',
    },
    {
      when: 'the access token is refused again after its renewal',
      answer: refused(88, { sub_code: '40014', sub_msg: '不合法的access_token' }),
      class: 'permanent',
      code: 'dingtalk_work.40014',
      misconfigured: true,
      mend: 'copy `app_key` and `app_secret` again',
    },
    {
      when: 'the access token is refused without a sub code',
      answer: refused(88),
      class: 'permanent',
      code: 'dingtalk_work.88',
      misconfigured: true,
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'there is no such user',
      answer: refused(33012),
      class: 'permanent',
      code: 'dingtalk_work.33012',
      mend: 'correct `to`',
    },
    {
      when: 'the text is too long',
      answer: refused(34016),
      class: 'permanent',
      code: 'dingtalk_work.34016',
      mend: 'shorten the message, and report it',
    },
    {
      when: 'too many calls were made',
      answer: refused(90018),
      class: 'transient',
      code: 'dingtalk_work.90018',
      retryAfter: 60_000,
      mend: 'nothing: Belfry waits a minute',
    },
    {
      when: 'the system is busy',
      answer: refused(-1),
      class: 'transient',
      code: 'dingtalk_work.-1',
      mend: 'nothing: Belfry tries again',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(byteLength(JSON.stringify((JSON.parse(received) as Payload).msg))).toBeLessThanOrEqual(2048);
      expect(textOf(received)).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received, { format }) {
      expect(textOf(received)).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      if (format === 'markdown') expect(textOf(received)).not.toMatch(/[<[\]*`]|^#(?!### )/m);
    },
    // DingTalk drops an equal message.
    sameId: (received) => received,
  },
};
