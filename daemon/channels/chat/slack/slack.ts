import type { SettingProblem } from '../../../core/compile/registry.ts';
import { Type } from '../../../core/schema/type.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import { mentionFaultUnless, mentionText } from '../../kit/chat/mention.ts';
import { hexColourOf, threadOf, placedAddress } from '../../kit/chat/parts.ts';
import { each, misconfigured, permanent, rateLimited, transient } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL } from '../../kit/http/failures.ts';
import { key } from '../../kit/http/settings.ts';
import { fitText, layoutOf, MRKDWN, without } from '../../kit/text/layout.ts';
import { CODE_POINTS } from '../../kit/text/text.ts';
import { buttonAttachment, slackButtons } from './buttons.ts';

/** Characters that Slack advises; it cuts at 40,000. */
const MAX_TEXT = 4000;

function appTokenFaults(appToken: Secret, hasBot: boolean): SettingProblem[] {
  const fault = (message: string, mend: string): SettingProblem[] => [{ pointer: '/app_token', message, mend }];
  if (!hasBot) return fault('a webhook cannot change its messages, so it has no buttons', 'give `token` and `channel`');
  return appToken.reveal().startsWith('xapp-')
    ? []
    : fault(
        'this is not an app-level token',
        'copy the one that begins with `xapp-` from Basic Information of the app',
      );
}

/** Slack: an incoming webhook, or a bot. https://docs.slack.dev/reference/methods/chat.postMessage */
export const slack = defineHttpChannel({
  type: 'slack',
  summary: 'A channel of Slack, over an incoming webhook or a bot',
  documentation: 'https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks',
  setup: [
    'Make an app at https://api.slack.com/apps with the bot scope `chat:write`, and install it.',
    'Copy the Bot User OAuth Token (xoxb-...), and invite the bot to the channel.',
    'Or switch on Incoming Webhooks, add one, and set its address as `url`.',
  ],
  example: { token: '${env:SLACK_TOKEN}', channel: '#ops' },
  receipt: 'channel and time stamp (`ts`) of the message; nothing from a webhook',
  api: 'https://slack.com',
  settings: {
    url: Type.Optional(key('The URL of an incoming webhook.', '${env:SLACK_WEBHOOK_URL}')),
    token: Type.Optional(key('The token of a bot, instead of `url`; it needs `chat:write`.', '${env:SLACK_TOKEN}')),
    app_token: Type.Optional(
      key(
        'The app-level token (`xapp-...`, scope `connections:write`) of an app with Socket Mode: `ack`, `silence` and `resolve` are then buttons of the message, whose presses the daemon receives over a connection that it opens.',
        '${env:SLACK_APP_TOKEN}',
      ),
    ),
    channel: Type.Optional(
      Type.String({
        description: 'The channel to which the bot writes: an id, or `#name`.',
        examples: ['C0123ABC'],
        minLength: 1,
      }),
    ),
  },
  keys: { token: '', app_token: '' },
  limits: { rate: '1/1s', text: '4,000 characters' },
  supports: { kept: 'markdown priority link image mention replace_key to', text: 'html actions fields' },
  markup: MRKDWN,
  mentionFault: mentionFaultUnless(/^[UW][A-Z0-9]{5,20}$/, 'the id of a member'),
  check: ({ url, token, app_token: appToken, channel }) => [
    ...((url === undefined) === (token === undefined) || (token === undefined) !== (channel === undefined)
      ? [
          {
            pointer: '',
            message: 'either a webhook or a bot is needed, not both',
            mend: 'give `url`, or `token` and `channel`',
          },
        ]
      : []),
    ...(appToken === undefined ? [] : appTokenFaults(appToken, token !== undefined)),
  ],
  buttons: slackButtons,
  recipients: (message, { channel }) => (channel === undefined ? [''] : (message.to ?? [channel])),
  follows: {
    key: (message, delivery, { token }) => (token === undefined ? undefined : threadOf(message, delivery)),
    untilResolved: true,
    gone: ['message_not_found', 'cant_update_message', 'edit_window_closed', 'thread_not_found'],
  },
  request(message, { settings: { token }, api, url, io: { delivery }, to, earlier, mentions }) {
    const calls = mentionText(mentions, { user: (id) => `<@${id}>`, all: '<!channel>' });
    const color = hexColourOf(message, delivery);
    const buttons = buttonAttachment(message.actions, color);
    const links = { ...message, actions: message.actions?.filter(({ press }) => press === undefined) ?? [] };
    const layout = layoutOf(without(links, 'image'), MRKDWN, { untitled: true, unit: CODE_POINTS });
    const image = placedAddress(message.image);
    const content = {
      text: layoutOf(message, MRKDWN, { calls, unit: CODE_POINTS }).title,
      attachments: [
        {
          color,
          text: fitText(layout, MAX_TEXT),
          mrkdwn_in: ['text'],
          ...(image !== undefined && { image_url: image }),
        },
        ...(buttons === undefined ? [] : [buttons]),
      ],
    };
    if (token === undefined) return { url, json: content };
    const [channel = to, ts] = earlier?.split(' ') ?? [];
    const isUpdate = ts !== undefined && message.replace_key !== undefined;
    const isUrgent = message.priority === 'high' || message.priority === 'urgent';
    const earlierMessage = isUpdate ? { ts } : ts !== undefined && { thread_ts: ts, reply_broadcast: isUrgent };
    return {
      url: `${api}/api/${isUpdate ? 'chat.update' : 'chat.postMessage'}`,
      headers: { authorization: `Bearer ${token.reveal()}` },
      json: { channel, ...earlierMessage, ...content },
    };
  },
  answers: {
    read({ text, json: { ok, channel, ts, error } }) {
      if (text === 'ok') return { ok: true };
      if (ok === true) return { ok, id: `${channel as string} ${ts as string}` };
      const code = ok === false ? error : /^[a-z_]{3,60}$/.exec(text)?.[0];
      return typeof code === 'string' ? { ok: false, code } : undefined;
    },
    codes: {
      ...each(
        'no_service no_team team_disabled no_active_hooks channel_is_archived',
        misconfigured('the webhook is gone'),
      ),
      ...each('invalid_auth not_authed account_inactive token_revoked', misconfigured('the token is refused')),
      ...each('token_expired invalid_token ekm_access_denied', misconfigured('the token is refused')),
      ...each('missing_scope no_permission', misconfigured('the bot may not do this')),
      ...each('channel_not_found not_in_channel is_archived', permanent('there is no such channel for the sender')),
      ...each('ratelimited rate_limited', rateLimited('too many messages')),
      ...each('internal_error fatal_error request_timeout service_unavailable', transient('Slack has an error')),
      ...each('rollup_error team_added_to_org org_login_required', transient('Slack has an error')),
    },
    statuses: ADDRESS_IS_CREDENTIAL,
  },
});
