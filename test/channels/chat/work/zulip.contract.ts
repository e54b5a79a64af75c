import { expect } from 'vitest';
import { CODE_POINTS } from '../../../../daemon/channels/kit/text/text.ts';
import { zulip } from '../../../../daemon/channels/chat/work/zulip.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ChannelContract } from '../../contract.ts';

export const KEY = 'a0b1SecretZulipKeyc2d3';
export const SENT = { body: { result: 'success', msg: '', id: 42 } };
export const SETTINGS = { email: 'belfry-bot@acme.test', key: KEY, to: 'alerts' };

export const refused = (status: number, code: string, more: object = {}) => ({
  status,
  body: { result: 'error', msg: 'why', code, ...more },
});

export const contract: ChannelContract = {
  type: zulip,
  secrets: [KEY],
  samples: { mention: { message: { mention: ['26'] }, shown: '@**|26**' } },
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, ...SETTINGS }),
      responses: { success: SENT },
      received: ({ form }) => form.content ?? '',
    }),
  refusals: [
    {
      when: 'the key is wrong',
      answer: refused(401, 'INVALID_API_KEY'),
      class: 'permanent',
      code: 'zulip.INVALID_API_KEY',
      misconfigured: true,
      mend: 'copy the key of the bot again',
    },
    {
      when: 'there is no bot with this e-mail address',
      answer: refused(401, 'UNAUTHORIZED'),
      class: 'permanent',
      code: 'zulip.UNAUTHORIZED',
      misconfigured: true,
      mend: 'copy the e-mail address of the bot again',
    },
    {
      when: 'the bot was deactivated',
      answer: refused(401, 'USER_DEACTIVATED'),
      class: 'permanent',
      code: 'zulip.USER_DEACTIVATED',
      misconfigured: true,
      mend: 'reactivate the bot',
    },
    {
      when: 'there is no organization at this address',
      answer: refused(404, 'NONEXISTENT_SUBDOMAIN'),
      class: 'permanent',
      code: 'zulip.NONEXISTENT_SUBDOMAIN',
      misconfigured: true,
      mend: 'correct `api`',
    },
    {
      when: 'there is no such channel',
      answer: refused(400, 'STREAM_DOES_NOT_EXIST', { stream: 'alerts' }),
      class: 'permanent',
      code: 'zulip.STREAM_DOES_NOT_EXIST',
      mend: 'correct `to`, or subscribe the bot to the private channel',
    },
    {
      when: 'the request is not valid, such as an unknown person in `to`',
      answer: refused(400, 'BAD_REQUEST'),
      class: 'permanent',
      code: 'zulip.BAD_REQUEST',
      mend: 'read the text of the failure',
    },
    {
      when: 'the bot sent too many messages',
      answer: refused(429, 'RATE_LIMIT_HIT', { 'retry-after': 1.5 }),
      class: 'transient',
      code: 'zulip.RATE_LIMIT_HIT',
      retryAfter: 1500,
      mend: 'nothing: Belfry waits',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(CODE_POINTS.length(received)).toBeLessThanOrEqual(10_000);
      expect(CODE_POINTS.length(received)).toBeGreaterThan(9000);
      expect(received).toMatch(/… \(\+\d+ characters\)/);
    },
    hostile(received) {
      // Without the marks of the title, which are the channel's own.
      const text = received.replace(/^\*\*|\*\*$/gm, '');
      expect(text).not.toMatch(/[<*`[]|(?<![a-z0-9])@(?!\u200B)|~~|[^\P{Cc}\n]|\u202E|^[#>]/imu);
    },
    sameId: { notApplicable: 'Zulip does not know a repeated message' },
  },
};
