import { expect } from 'vitest';
import { byteLength } from '../../../daemon/channels/kit/text/text.ts';
import { feishuApp } from '../../../daemon/channels/china/feishu-app.ts';
import { openHttpDestination, type ProviderAnswer, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const SECRET = 'feishu-app-SECRET-0123456789';
export const TOKEN = 't-feishu-access-token-0123456789';
export const OK = { body: { code: 0, msg: 'success', data: { message_id: 'om_1' } } };
export const ASIDE = {
  '/open-apis/auth/v3/tenant_access_token/internal': {
    body: { code: 0, msg: 'ok', tenant_access_token: TOKEN, expire: 7200 },
  },
};
export const settings = (api: string) => ({ app_id: 'cli_1', app_secret: SECRET, to: 'oc_1', api });
export const refused = (code: number, msg = 'why', headers: Readonly<Record<string, string>> = {}) => ({
  status: 400,
  headers,
  body: { code, msg },
});

interface Card {
  readonly header: { readonly title: { readonly content: string }; readonly template: string };
  readonly body: { readonly elements: readonly { readonly tag: string; readonly content?: string }[] };
}

export const cardOf = (received: string): Card =>
  JSON.parse((JSON.parse(received) as { readonly content: string }).content) as Card;

export const contract: ChannelContract<ProviderAnswer> = {
  type: feishuApp,
  secrets: [SECRET, TOKEN],
  openDestination: () => openHttpDestination({ settings, responses: { success: OK }, aside: ASIDE }),
  refusals: [
    {
      when: '`app_id` or `app_secret` is wrong',
      answer: {
        aside: {
          '/open-apis/auth/v3/tenant_access_token/internal': { body: { code: 10_014, msg: 'app secret invalid' } },
        },
      },
      class: 'permanent',
      code: 'feishu_app.10014',
      misconfigured: true,
      mend: 'copy App ID and App Secret again',
    },
    {
      when: 'the access token is refused again after its renewal',
      answer: refused(99_991_663),
      class: 'permanent',
      code: 'feishu_app.99991663',
      misconfigured: true,
      mend: 'copy `app_id` and `app_secret` again',
    },
    {
      when: 'the app has no permission to send',
      answer: refused(99_991_672),
      class: 'permanent',
      code: 'feishu_app.99991672',
      misconfigured: true,
      mend: 'add the scope im:message:send_as_bot and publish a new version of the app',
    },
    {
      when: 'the bot of the app is not activated',
      answer: refused(230_006),
      class: 'permanent',
      code: 'feishu_app.230006',
      misconfigured: true,
      mend: 'add 机器人 (Bot) to the app and publish a new version',
    },
    {
      when: 'the bot is not in the group',
      answer: refused(230_002),
      class: 'permanent',
      code: 'feishu_app.230002',
      mend: 'add the bot to the group',
    },
    {
      when: 'the recipient is not valid',
      answer: refused(230_001, 'Your request contains an invalid request parameter, ext=invalid receive_id'),
      class: 'permanent',
      code: 'feishu_app.230001',
      mend: 'correct `to`',
    },
    {
      when: 'the user is outside the range of the app',
      answer: refused(230_013),
      class: 'permanent',
      code: 'feishu_app.230013',
      mend: 'add the user to 可用范围 of the app',
    },
    {
      when: 'the text is refused by an audit',
      answer: refused(230_028),
      class: 'permanent',
      code: 'feishu_app.230028',
      mend: 'leave numbers and addresses of people out of the message',
    },
    {
      when: 'the card is not valid',
      answer: refused(230_099),
      class: 'permanent',
      code: 'feishu_app.230099',
      mend: 'look at the stored answer with `belfry dead show ID`, and report it',
    },
    {
      when: 'too many requests were made',
      answer: refused(99_991_400, 'request trigger frequency limit', { 'x-ogw-ratelimit-reset': '37' }),
      class: 'transient',
      code: 'feishu_app.99991400',
      retryAfter: 37_000,
      mend: 'nothing: Belfry waits as long as Feishu asks',
    },
    {
      when: 'too many messages go to one user or group',
      answer: refused(230_020),
      class: 'transient',
      code: 'feishu_app.230020',
      retryAfter: 1000,
      mend: 'nothing: Belfry waits',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(byteLength(received)).toBeLessThanOrEqual(30_000);
      expect(cardOf(received).body.elements[0]!.content).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const { header, body } = cardOf(received);
      expect(header.title.content).not.toMatch(/[\p{Cc}\u202E]/u);
      const content = body.elements.map((element) => element.content ?? '').join('\n');
      expect(content).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
      expect(content.replaceAll('**', '')).not.toMatch(/[<>[\]`*]/);
    },
    sameId: (received) => (JSON.parse(received) as { readonly uuid: string }).uuid,
  },
};
