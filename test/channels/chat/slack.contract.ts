import { expect } from 'vitest';
import { slack } from '../../../daemon/channels/chat/slack/slack.ts';
import { CODE_POINTS } from '../../../daemon/channels/kit/text/text.ts';
import { openHttpDestination } from '../../support/http-destination.ts';
import type { ServerAnswer } from '../../support/test-server.ts';
import type { ChannelContract, DocumentedRefusal } from '../contract.ts';

export const PATH = '/services/T0000/B0000/XXXhooksecretXXX';
export const TOKEN = 'xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy';
export const posted = (ts: string): ServerAnswer => ({ body: { ok: true, channel: 'C0123ABC', ts } });
export const refused = (error: string): ServerAnswer => ({ body: { ok: false, error } });

export interface Payload {
  readonly text: string;
  readonly attachments: readonly { readonly color: string; readonly text: string; readonly image_url?: string }[];
}

export const payloadOf = (received: string): Payload => JSON.parse(received) as Payload;
export const textOf = (received: string): string => payloadOf(received).attachments[0]!.text;

const cases = {
  serverError: { code: 'http.500' },
  hang: { code: 'http.no_answer' },
  oversize(received: string) {
    expect(CODE_POINTS.length(textOf(received))).toBeLessThanOrEqual(4000);
    expect(CODE_POINTS.length(textOf(received))).toBeGreaterThan(3400);
    expect(textOf(received)).toMatch(/… \(\+\d+ characters\)/);
    expect(payloadOf(received).text.length).toBeLessThanOrEqual(310);
  },
  hostile(received: string) {
    const { text } = payloadOf(received);
    // The only `<` are those of links that the channel made itself, to http and https.
    const all = `${text}\n${textOf(received)}`.replace(/<https?:\/\/[^<>|\s]+(?:\|[^<>|]*)?>/g, '');
    expect(all).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    expect(all).not.toMatch(/[^\P{Cc}\n]|\u202E/u);
  },
  sameId: { notApplicable: 'Slack knows no id of a message before it is sent' },
} as const;
const samples = { mention: { message: { mention: ['U012AB3CD'] }, shown: '<@U012AB3CD>' } };

const BOT_REFUSALS: readonly DocumentedRefusal[] = [
  {
    when: 'the token is wrong',
    answer: refused('invalid_auth'),
    class: 'permanent',
    code: 'slack.invalid_auth',
    misconfigured: true,
    mend: 'set a new token',
  },
  {
    when: 'the token was revoked',
    answer: refused('token_revoked'),
    class: 'permanent',
    code: 'slack.token_revoked',
    misconfigured: true,
    mend: 'set a new token',
  },
  {
    when: 'the token has expired',
    answer: refused('token_expired'),
    class: 'permanent',
    code: 'slack.token_expired',
    misconfigured: true,
    mend: 'set a new token',
  },
  {
    when: 'the account of the bot is gone',
    answer: refused('account_inactive'),
    class: 'permanent',
    code: 'slack.account_inactive',
    misconfigured: true,
    mend: 'install the app again',
  },
  {
    when: 'the bot may not write',
    answer: refused('missing_scope'),
    class: 'permanent',
    code: 'slack.missing_scope',
    misconfigured: true,
    mend: 'add `chat:write` and install the app again',
  },
  {
    when: 'there is no such channel',
    answer: refused('channel_not_found'),
    class: 'permanent',
    code: 'slack.channel_not_found',
    mend: 'correct `channel`, or invite the bot',
  },
  {
    when: 'the bot is not in the channel',
    answer: refused('not_in_channel'),
    class: 'permanent',
    code: 'slack.not_in_channel',
    mend: 'invite the bot',
  },
  {
    when: 'the channel is archived',
    answer: refused('is_archived'),
    class: 'permanent',
    code: 'slack.is_archived',
    mend: 'restore the channel, or set another one',
  },
  {
    when: 'the text is too long',
    answer: refused('msg_too_long'),
    class: 'permanent',
    code: 'slack.msg_too_long',
    mend: 'look at the stored answer with `belfry dead show ID`',
  },
  {
    when: 'too many messages',
    answer: refused('ratelimited'),
    class: 'transient',
    code: 'slack.ratelimited',
    rateLimited: true,
    mend: 'nothing: the channel pauses by itself',
  },
  {
    when: 'Slack has an error',
    answer: refused('internal_error'),
    class: 'transient',
    code: 'slack.internal_error',
    mend: 'nothing: it is retried',
  },
  {
    when: 'Slack is not available',
    answer: refused('service_unavailable'),
    class: 'transient',
    code: 'slack.service_unavailable',
    mend: 'nothing: it is retried',
  },
];

const WEBHOOK_REFUSALS: readonly DocumentedRefusal[] = [
  {
    when: 'the webhook was removed',
    answer: { status: 404, body: 'no_service' },
    class: 'permanent',
    code: 'slack.no_service',
    misconfigured: true,
    mend: 'set a new URL',
  },
  {
    when: 'the channel of the webhook is archived',
    answer: { status: 410, body: 'channel_is_archived' },
    class: 'permanent',
    code: 'slack.channel_is_archived',
    misconfigured: true,
    mend: 'set a new URL',
  },
  {
    when: 'the webhook is not valid any more',
    answer: { status: 403, body: 'invalid_token' },
    class: 'permanent',
    code: 'slack.invalid_token',
    misconfigured: true,
    mend: 'set a new URL',
  },
  {
    when: 'the request is not valid',
    answer: { status: 400, body: 'invalid_payload' },
    class: 'permanent',
    code: 'http.400',
    mend: 'look at the stored answer with `belfry dead show ID`',
  },
  {
    when: 'Slack has an error',
    answer: { status: 500, body: 'rollup_error' },
    class: 'transient',
    code: 'slack.rollup_error',
    mend: 'nothing: it is retried',
  },
];

export const contract: readonly ChannelContract[] = [
  {
    type: slack,
    variant: 'webhook',
    secrets: ['XXXhooksecretXXX'],
    samples,
    openDestination: () =>
      openHttpDestination({ settings: (origin) => ({ url: origin + PATH }), responses: { success: { body: 'ok' } } }),
    refusals: WEBHOOK_REFUSALS,
    cases: { ...cases, rateLimited: { code: 'http.429' } },
  },
  {
    type: slack,
    variant: 'bot',
    secrets: [TOKEN],
    samples,
    openDestination: () =>
      openHttpDestination({
        settings: (api) => ({ token: TOKEN, channel: 'C0123ABC', api }),
        responses: {
          success: posted('1503435956.000247'),
          rateLimited: { status: 429, headers: { 'retry-after': '7' }, body: { ok: false, error: 'ratelimited' } },
        },
      }),
    refusals: BOT_REFUSALS,
    cases: { ...cases, rateLimited: { code: 'slack.ratelimited' } },
  },
];
