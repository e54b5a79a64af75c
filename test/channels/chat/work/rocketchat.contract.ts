import { expect } from 'vitest';
import { rocketchat } from '../../../../daemon/channels/chat/work/rocketchat.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ChannelContract } from '../../contract.ts';

export const PATH = '/hooks/64f1a2b3c4d5e6f7/hooksecretZk39';
export const OK = { body: { success: true } };

const refused = (status: number, error: string) => ({ status, body: { success: false, error } });

export const contract: ChannelContract = {
  type: rocketchat,
  secrets: ['hooksecretZk39'],
  samples: { mention: { message: { mention: ['ada'] }, shown: '@ada' } },
  openDestination: () =>
    openHttpDestination({ settings: (origin) => ({ url: origin + PATH }), responses: { success: OK } }),
  refusals: [
    {
      when: 'the webhook was deleted or its token is wrong',
      answer: refused(401, 'Invalid integration id or token provided.'),
      class: 'permanent',
      code: 'rocketchat.unknown_webhook',
      misconfigured: true,
      mend: 'copy the URL of the webhook again',
    },
    {
      when: 'there is no webhook at this address',
      answer: { status: 404, body: '<html>' },
      class: 'permanent',
      code: 'http.404',
      misconfigured: true,
      mend: 'copy the URL of the webhook again',
    },
    {
      when: 'the webhook is switched off',
      answer: refused(503, 'Service Unavailable'),
      class: 'permanent',
      code: 'rocketchat.disabled',
      misconfigured: true,
      mend: 'switch Enabled on, in the settings of the webhook',
    },
    {
      when: 'the script of the webhook failed',
      answer: refused(400, 'error-running-script'),
      class: 'permanent',
      code: 'rocketchat.error-running-script',
      misconfigured: true,
      mend: 'remove the script of the webhook or correct it',
    },
    {
      when: 'the channel of the webhook is gone',
      answer: refused(400, 'error-invalid-room'),
      class: 'permanent',
      code: 'rocketchat.error-invalid-room',
      misconfigured: true,
      mend: 'choose another channel for the webhook',
    },
    {
      when: 'the message is longer than the server allows',
      answer: refused(400, 'error-message-size-exceeded'),
      class: 'permanent',
      code: 'rocketchat.error-message-size-exceeded',
      mend: 'shorten the message, or ask an administrator to allow more',
    },
    {
      when: 'the message could not be posted',
      answer: refused(400, 'unknown-error'),
      class: 'permanent',
      code: 'http.400',
      mend: 'check that the user of the webhook may write to its channel',
    },
    {
      when: 'the server limits the rate',
      answer: refused(
        429,
        'Error, too many requests. Please slow down. You must wait 42 seconds before trying this endpoint again. [error-too-many-requests]',
      ),
      class: 'transient',
      code: 'rocketchat.too_many_requests',
      retryAfter: 42_000,
      mend: 'nothing: Belfry waits',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { text, attachments } = JSON.parse(received) as { text: string; attachments: [{ text: string }] };
      expect(attachments[0].text.length).toBeLessThanOrEqual(5000);
      expect(attachments[0].text.length).toBeGreaterThan(4500);
      expect(attachments[0].text).toMatch(/… \(\+\d+ characters\)/);
      expect(text.length).toBeLessThanOrEqual(304);
    },
    hostile(received) {
      const { text, attachments } = JSON.parse(received) as {
        text: string;
        attachments: [{ text: string; fields?: readonly { value: string }[] }];
      };
      const [{ text: body, fields = [] }] = attachments;
      for (const part of [text.slice(2, -2), body, ...fields.map(({ value }) => value)])
        expect(part).not.toMatch(/[<[*`]|(?<![a-z0-9])@(?!\u200B)|[^\P{Cc}\n]|\u202E|^[#>]/imu);
    },
    sameId: { notApplicable: 'Rocket.Chat does not know a repeated message' },
  },
};
