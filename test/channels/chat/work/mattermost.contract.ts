import { expect } from 'vitest';
import { mattermost } from '../../../../daemon/channels/chat/work/mattermost.ts';
import { CODE_POINTS } from '../../../../daemon/channels/kit/text/text.ts';
import { openHttpDestination, PLAIN_HTTP_FAILURES } from '../../../support/http-destination.ts';
import type { ServerAnswer } from '../../../support/test-server.ts';
import type { ChannelContract } from '../../contract.ts';

export const TOKEN = 'bo7qsecret1k8y9m6w3e5t2r4u';
export const CHANNEL = '4yop8gjwsjf9mq7wfn5x4bqkwe';
export const posted = (id: string): ServerAnswer => ({ status: 201, body: { id, channel_id: CHANNEL, create_at: 1 } });
export const refused = (status: number, id: string): ServerAnswer => ({
  status,
  body: { id, message: 'why', detailed_error: '', request_id: 'r1', status_code: status },
});

interface Post {
  readonly message: string;
  readonly props: {
    readonly attachments: readonly [{ readonly text: string; readonly fields?: readonly { readonly value: string }[] }];
  };
}

export const contract: ChannelContract = {
  type: mattermost,
  secrets: [TOKEN],
  samples: { mention: { message: { mention: ['ada'] }, shown: '@ada' } },
  openDestination: () =>
    openHttpDestination({
      settings: (api) => ({ api, token: TOKEN, channel: CHANNEL }),
      responses: { success: posted('p1') },
    }),
  refusals: [
    {
      when: 'the webhook was deleted',
      answer: refused(400, 'web.incoming_webhook.invalid.app_error'),
      class: 'permanent',
      code: 'mattermost.web.incoming_webhook.invalid',
      misconfigured: true,
      mend: 'make a new webhook and give its URL',
    },
    {
      when: 'incoming webhooks are switched off',
      answer: refused(501, 'web.incoming_webhook.disabled.app_error'),
      class: 'permanent',
      code: 'mattermost.web.incoming_webhook.disabled',
      misconfigured: true,
      mend: 'ask an administrator to allow them, in the System Console',
    },
    {
      when: 'the channel of the webhook is gone',
      answer: refused(404, 'web.incoming_webhook.channel.app_error'),
      class: 'permanent',
      code: 'mattermost.web.incoming_webhook.channel',
      misconfigured: true,
      mend: 'choose another channel for the webhook',
    },
    {
      when: 'the owner of the webhook may not write to the channel',
      answer: refused(403, 'web.incoming_webhook.permissions.app_error'),
      class: 'permanent',
      code: 'mattermost.web.incoming_webhook.permissions',
      misconfigured: true,
      mend: 'add the owner to the channel',
    },
    {
      when: 'the token is wrong or was revoked',
      answer: refused(401, 'api.context.session_expired.app_error'),
      class: 'permanent',
      code: 'mattermost.api.context.session_expired',
      misconfigured: true,
      mend: 'make a new token for the bot',
    },
    {
      when: 'the bot is not in the channel',
      answer: refused(403, 'api.context.permissions.app_error'),
      class: 'permanent',
      code: 'mattermost.api.context.permissions',
      mend: 'add the bot to the team and the channel, and check the id in `channel`',
    },
    {
      when: 'there is no such channel',
      answer: refused(404, 'app.channel.get.existing.app_error'),
      class: 'permanent',
      code: 'mattermost.app.channel.get.existing',
      mend: 'correct `channel`: it is the id that View Info shows',
    },
    {
      when: 'the post is not valid',
      answer: refused(400, 'api.context.invalid_body_param.app_error'),
      class: 'permanent',
      code: 'http.400',
      mend: 'check `channel`: it is the id that View Info shows',
    },
    {
      when: 'the request is larger than the server takes',
      answer: refused(413, 'api.context.request_body_too_large.app_error'),
      class: 'permanent',
      code: 'http.413',
      mend: 'shorten the message',
    },
  ],
  cases: {
    ...PLAIN_HTTP_FAILURES,
    oversize(received) {
      const { message, props } = JSON.parse(received) as Post;
      const { text } = props.attachments[0];
      expect(CODE_POINTS.length(text)).toBeLessThanOrEqual(16_383);
      expect(CODE_POINTS.length(text)).toBeGreaterThan(15_000);
      expect(text).toMatch(/… \(\+\d+ characters\)/);
      expect(CODE_POINTS.length(message)).toBeLessThanOrEqual(304);
    },
    hostile(received) {
      const { message, props } = JSON.parse(received) as Post;
      const [{ text, fields = [] }] = props.attachments;
      for (const part of [message.slice(2, -2), text, ...fields.map(({ value }) => value)]) {
        expect(part).not.toMatch(/<|(?<![a-z0-9])@(?!\u200B)|(?<!\\)(?:\\\\)*[*`[]|\u202E/i);
        expect(part).not.toMatch(/[^\P{Cc}\n]/u);
      }
    },
    sameId: { notApplicable: 'Mattermost does not know a repeated post' },
  },
};
