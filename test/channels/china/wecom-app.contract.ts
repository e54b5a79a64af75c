import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { wecomApp } from '../../../daemon/channels/china/wecom-app.ts';
import { openHttpDestination, type ProviderAnswer, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const SECRET = 'wxapp-SECRET-0123456789';
export const TOKEN = 'wecom-access-token-0123456789';
export const OK = { body: { errcode: 0, errmsg: 'ok', invaliduser: '', msgid: 'msg-1' } };
export const ASIDE = {
  '/cgi-bin/gettoken': { body: { errcode: 0, errmsg: 'ok', access_token: TOKEN, expires_in: 7200 } },
};
export const settings = (api: string) => ({
  corp_id: 'ww1',
  agent_id: 1_000_002,
  secret: SECRET,
  to: ['zhangsan', 'lisi'],
  api,
});
export const refused = (errcode: number, errmsg = 'why') => ({ body: { errcode, errmsg } });

interface Payload {
  readonly msgtype: string;
  readonly text?: { readonly content: string };
  readonly markdown?: { readonly content: string };
}

const contentOf = (received: string): string => {
  const { text, markdown } = JSON.parse(received) as Payload;
  return (text ?? markdown)!.content;
};

export const contract: ChannelContract<ProviderAnswer> = {
  type: wecomApp,
  secrets: [SECRET, TOKEN],
  openDestination: () => openHttpDestination({ settings, responses: { success: OK }, aside: ASIDE }),
  refusals: [
    {
      when: '`corp_id` or `secret` is wrong',
      answer: { aside: { '/cgi-bin/gettoken': refused(40001, 'invalid credential') } },
      class: 'permanent',
      code: 'wecom_app.40001',
      misconfigured: true,
      mend: 'copy 企业ID and the Secret of the app again',
    },
    {
      when: 'the address of this machine is not trusted',
      answer: refused(
        60020,
        'not allow to access from your ip, hint: [1], from ip: 192.0.2.7, more info at https://x.test',
      ),
      class: 'permanent',
      code: 'wecom_app.60020',
      misconfigured: true,
      mend: 'add the address in the message to 企业可信IP of the app, or send through a proxy with a fixed address',
    },
    {
      when: 'the access token is refused again after its renewal',
      answer: refused(40014),
      class: 'permanent',
      code: 'wecom_app.40014',
      misconfigured: true,
      mend: 'copy `secret` of the app again',
    },
    {
      when: 'the app is not that of the secret',
      answer: refused(301002),
      class: 'permanent',
      code: 'wecom_app.301002',
      misconfigured: true,
      mend: 'give `agent_id` and `secret` of the same app',
    },
    {
      when: 'the app is switched off or may not send',
      answer: refused(50003),
      class: 'permanent',
      code: 'wecom_app.50003',
      misconfigured: true,
      mend: 'switch the app on in 应用管理',
    },
    {
      when: 'none of the recipients is known',
      answer: refused(81013, 'user & party & tag all invalid'),
      class: 'permanent',
      code: 'wecom_app.81013',
      mend: 'correct `to`, and add the recipients to the visible range (可见范围) of the app',
    },
    {
      when: 'no recipient has a licence for interfaces',
      answer: { body: { errcode: 0, errmsg: 'ok', unlicenseduser: 'zhangsan|lisi', msgid: 'msg-1' } },
      class: 'permanent',
      code: 'wecom_app.no_recipient',
      mend: 'give the members a licence (接口许可) in the console',
    },
    {
      when: 'a parameter is not valid',
      answer: refused(40058),
      class: 'permanent',
      code: 'wecom_app.40058',
      mend: 'look at the stored answer with `belfry dead show ID`',
    },
    {
      when: 'the text holds words that are not allowed',
      answer: refused(85002),
      class: 'permanent',
      code: 'wecom_app.85002',
      mend: 'change the message',
    },
    {
      when: 'too many calls were made',
      answer: refused(45009),
      class: 'transient',
      code: 'wecom_app.45009',
      retryAfter: 60_000,
      mend: 'nothing: Belfry waits a minute',
    },
    {
      when: 'the system is busy',
      answer: refused(-1),
      class: 'transient',
      code: 'wecom_app.-1',
      mend: 'nothing: Belfry tries again',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(byteLength(contentOf(received))).toBeLessThanOrEqual(2048);
      expect(contentOf(received)).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received, { format }) {
      const content = contentOf(received);
      expect(content).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      const own = content.replace(/\n<font color="comment">.*$/, '').replaceAll('**', '');
      expect(own).not.toMatch(/</);
      if (format === 'markdown') expect(own).not.toMatch(/[[\]`]|^#/m);
    },
    // WeCom drops an equal request.
    sameId: (received) => received,
  },
};
