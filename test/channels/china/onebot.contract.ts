import { expect } from 'vitest';
import { onebot } from '../../../daemon/channels/china/onebot.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../support/http-destination.ts';
import type { ChannelContract } from '../contract.ts';

export const TOKEN = 'onebot-access-token-0123456789';
export const OK = { body: { status: 'ok', retcode: 0, data: { message_id: 123 }, message: '', echo: null } };
export const settings = (api: string) => ({ api, token: TOKEN, to: 'group:123456' });
export const failed = (retcode: number, message = 'why') => ({
  body: { status: 'failed', retcode, data: null, message, wording: message },
});

export interface Segment {
  readonly type: string;
  readonly data: Readonly<Record<string, string>>;
}

export const segmentsOf = (received: string): readonly Segment[] =>
  (JSON.parse(received) as { readonly message: readonly Segment[] }).message;

export const contract: ChannelContract = {
  type: onebot,
  secrets: [TOKEN],
  openDestination: () => openHttpDestination({ settings, responses: { success: OK } }),
  samples: { mention: { message: { mention: ['10001000'] }, shown: '"qq":"10001000"' } },
  refusals: [
    {
      when: 'the access token is missing',
      answer: { status: 401 },
      class: 'permanent',
      code: 'http.401',
      misconfigured: true,
      mend: 'give the token of the client as `token`',
    },
    {
      when: 'the access token is wrong',
      answer: { status: 403 },
      class: 'permanent',
      code: 'http.403',
      misconfigured: true,
      mend: 'copy the token of the client again',
    },
    {
      when: 'the access token is wrong, as some clients answer it',
      answer: failed(1403, 'token验证失败'),
      class: 'permanent',
      code: 'onebot.1403',
      misconfigured: true,
      mend: 'copy the token of the client again',
    },
    {
      when: 'there is no OneBot 11 at this address',
      answer: { status: 404 },
      class: 'permanent',
      code: 'http.404',
      misconfigured: true,
      mend: 'correct `api`: it is the address of the HTTP server in the client',
    },
    {
      when: 'the request is not valid',
      answer: failed(1400),
      class: 'permanent',
      code: 'onebot.1400',
      mend: 'report it: the request is wrong',
    },
    {
      when: 'QQ refuses the message, for example because the account is muted or not in the group',
      answer: failed(1200, '消息体无法解析'),
      class: 'permanent',
      code: 'onebot.1200',
      mend: 'correct `to`, or let the account join the group',
    },
    {
      when: 'QQ did not confirm the message in time',
      answer: failed(1200, 'Timeout: NTEvent serviceAndMethod:NodeIKernelMsgService/sendMsg'),
      class: 'unknown',
      code: 'onebot.1200',
      mend: 'look whether the message arrived, and resend it if not',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const [{ data }] = segmentsOf(received) as [Segment];
      expect(data.text!.length).toBeLessThanOrEqual(4000);
      expect(data.text).toMatch(/… \(\+\d+ characters\)/);
    },
    hostile(received) {
      const segments = segmentsOf(received);
      expect(segments.map(({ type }) => type)).toEqual(['text']);
      expect(segments[0]!.data.text).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
    },
    sameId: { notApplicable: 'OneBot drops no repeated message' },
  },
};
