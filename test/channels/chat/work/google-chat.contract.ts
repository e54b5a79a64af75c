import { expect } from 'vitest';
import { googleChat } from '../../../../daemon/channels/chat/work/google-chat.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ChannelContract } from '../../contract.ts';

export const TOKEN = 'vJ9tok-secret_7Qx';
export const PATH = `/v1/spaces/AAAA1/messages?key=AIzaKey1&token=${TOKEN}`;
export const SENT = { body: { name: 'spaces/AAAA1/messages/Bbb.Bbb', thread: { name: 'spaces/AAAA1/threads/Bbb' } } };

const refused = (code: number, status: string) => ({
  status: code,
  body: { error: { code, message: `refused: ${status}`, status } },
});

export const contract: ChannelContract = {
  type: googleChat,
  secrets: [TOKEN],
  samples: { mention: { message: { mention: ['123456789012345678901'] }, shown: '<users/123456789012345678901>' } },
  openDestination: () =>
    openHttpDestination({
      settings: (origin) => ({ url: origin + PATH }),
      responses: { success: SENT },
      received: ({ path, text }) => `${new URL(path, 'http://x').searchParams.get('requestId')} ${text}`,
    }),
  refusals: [
    {
      when: 'a part of the message is not valid',
      answer: refused(400, 'INVALID_ARGUMENT'),
      class: 'permanent',
      code: 'google_chat.INVALID_ARGUMENT',
      mend: 'read the text of the failure, which names the part',
    },
    {
      when: 'the key in the URL is wrong',
      answer: {
        status: 400,
        body: {
          error: {
            code: 400,
            message: 'API key not valid. Please pass a valid API key.',
            status: 'INVALID_ARGUMENT',
            details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }],
          },
        },
      },
      class: 'permanent',
      code: 'google_chat.API_KEY_INVALID',
      misconfigured: true,
      mend: 'copy the whole URL of the webhook again',
    },
    {
      when: 'the URL has no valid login',
      answer: refused(401, 'UNAUTHENTICATED'),
      class: 'permanent',
      code: 'google_chat.UNAUTHENTICATED',
      misconfigured: true,
      mend: 'copy the whole URL of the webhook again',
    },
    {
      when: 'the token in the URL is wrong',
      answer: refused(403, 'PERMISSION_DENIED'),
      class: 'permanent',
      code: 'google_chat.PERMISSION_DENIED',
      misconfigured: true,
      mend: 'copy the whole URL of the webhook again',
    },
    {
      when: 'the space or the webhook was deleted',
      answer: refused(404, 'NOT_FOUND'),
      class: 'permanent',
      code: 'google_chat.NOT_FOUND',
      misconfigured: true,
      mend: 'make a new webhook and give its URL',
    },
    {
      when: 'a space got too many messages',
      answer: refused(429, 'RESOURCE_EXHAUSTED'),
      class: 'transient',
      code: 'google_chat.RESOURCE_EXHAUSTED',
      retryAfter: 60_000,
      mend: 'nothing: Belfry waits; other webhooks of the space share its limit',
    },
    {
      when: 'Google Chat is not available',
      answer: refused(503, 'UNAVAILABLE'),
      class: 'transient',
      code: 'google_chat.UNAVAILABLE',
      mend: 'nothing: Belfry tries again',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      expect(Buffer.byteLength(received)).toBeLessThanOrEqual(32_040);
      expect(Buffer.byteLength(received)).toBeGreaterThan(25_000);
      expect(received).toMatch(/… \(\+\d+ bytes\)/);
    },
    hostile(received) {
      const { text, cardsV2 } = JSON.parse(received.slice(received.indexOf(' '))) as {
        text: string;
        cardsV2: [{ card: { sections: [{ widgets: [{ textParagraph: { text: string } }, ...unknown[]] }] } }];
      };
      expect(text).not.toMatch(/[<`|[\]]|[^\P{Cc}\n]|\u202E/u);
      const [paragraph, ...others] = cardsV2[0].card.sections[0].widgets;
      // The only tags are line breaks, and links to addresses in the text.
      const body = paragraph.textParagraph.text.replace(/<br>|<a href="https?:\/\/[^"<>]+">|<\/a>/g, '');
      expect(`${body} ${JSON.stringify(others)}`).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;|#39;)/);
    },
    sameId: (received) => received.split(' ')[0],
  },
};
