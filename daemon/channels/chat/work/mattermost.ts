import { Type } from '../../../core/schema/type.ts';
import { mentionFaultUnless, mentionText } from '../../kit/chat/mention.ts';
import { hexColourOf, threadOf, placedAddress } from '../../kit/chat/parts.ts';
import { each, misconfigured, permanent } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL } from '../../kit/http/failures.ts';
import { key } from '../../kit/http/settings.ts';
import { markdownWithEntities, withoutMentions } from '../../kit/text/escape.ts';
import { asWritten, COMMONMARK, fieldsOf, fitText, layoutOf, type Markup, without } from '../../kit/text/layout.ts';
import { CODE_POINTS } from '../../kit/text/text.ts';

/** Characters of a post. https://docs.mattermost.com/administration-guide/configure/environment-configuration-settings.html */
const MAX_TEXT = 16_383;
const MAX_FIELDS_BYTES = 6000;

/** Markdown, in which the server also reads links and mentions of Slack. https://developers.mattermost.com/integrate/webhooks/incoming/ */
const MARKDOWN: Markup = {
  ...COMMONMARK,
  markdown: asWritten,
  escape: (text) => withoutMentions(markdownWithEntities(text)),
};

/** An id, or the names of team and channel as they are in the address of the channel. */
const CHANNEL = /^[\w-]+(?:\/[\w.-]+)?$/;

/** Mattermost: an incoming webhook, or a bot. https://developers.mattermost.com/api-documentation/#/operations/CreatePost */
export const mattermost = defineHttpChannel({
  type: 'mattermost',
  summary: 'A channel of Mattermost, over an incoming webhook or a bot',
  documentation: 'https://developers.mattermost.com/integrate/webhooks/incoming/',
  setup: [
    'In the menu of Mattermost, open Integrations, then Incoming Webhooks; make one for the channel and copy its URL.',
    'For messages that are updated in place, make a bot under Integrations, Bot Accounts, instead; copy its token and add it to the channel.',
    'A bot also needs `api`, the address of the server, and `channel`, such as `acme/alerts` or the id that View Info shows.',
  ],
  example: { url: '${env:MATTERMOST_URL}' },
  receipt: 'id of the post of a bot; a webhook gives none',
  settings: {
    url: Type.Optional(key('The URL of an incoming webhook.', '${env:MATTERMOST_URL}')),
    token: Type.Optional(key('The token of a bot, instead of `url`.', '${env:MATTERMOST_TOKEN}')),
    channel: Type.Optional(
      Type.String({
        description:
          'The channel to which the bot writes: its id, or `TEAM/CHANNEL` as in its address, which takes one more request for each message. With `api` and `token` only.',
        examples: ['4yop8gjwsjf9mq7wfn5x4bqkwe', 'acme/alerts'],
        minLength: 1,
      }),
    ),
  },
  keys: { token: '' },
  limits: { text: '16,383 characters' },
  supports: { kept: 'markdown priority link image fields mention replace_key to', text: 'html actions' },
  markup: MARKDOWN,
  mentionFault: mentionFaultUnless(/^[a-z0-9][\w.-]{0,63}$/, 'the name of a user'),
  check({ url, token, channel, api }) {
    const isBot = token !== undefined && channel !== undefined && api !== undefined;
    if (url === undefined ? !isBot : token !== undefined || channel !== undefined) {
      const mend = 'give `url`, or `api`, `token` and `channel`';
      return [{ pointer: '', message: 'either a webhook or a bot is needed, not both', mend }];
    }
    if (channel === undefined || CHANNEL.test(channel)) return [];
    const mend = 'copy the id from View Info, or write `TEAM/CHANNEL` as in the address of the channel';
    return [{ pointer: '/channel', message: 'this is not a channel', mend }];
  },
  recipients: (message, { channel }) => (channel === undefined ? [''] : (message.to ?? [channel])),
  follows: {
    key: (message, delivery, { token, api }) =>
      token === undefined ? undefined : JSON.stringify([api, threadOf(message, delivery)]),
    untilResolved: true,
    // The post was deleted, which is answered as a missing permission, or is too old to be edited.
    gone: [
      'api.context.permissions',
      'app.post.get',
      'api.post.update_post.find',
      'api.post.create_post.root_id',
      'api.post.update_post.permissions_time_limit',
    ],
  },
  request(message, { settings: { token }, api, url, io: { delivery }, to, earlier, mentions }) {
    const calls = mentionText(mentions, { user: (name) => `@${name}`, all: '@channel' });
    const text = layoutOf(message, MARKDOWN, { calls, unit: CODE_POINTS }).title;
    const fields = fieldsOf(message, MARKDOWN.escape, MAX_FIELDS_BYTES);
    const shown = without(message, 'image', ...(fields.length > 0 ? (['fields'] as const) : []));
    const image = placedAddress(message.image);
    const attachments = [
      {
        color: hexColourOf(message, delivery),
        text: fitText(layoutOf(shown, MARKDOWN, { untitled: true, unit: CODE_POINTS }), MAX_TEXT),
        ...(fields.length > 0 && { fields: fields.map(({ name, value }) => ({ title: name, value, short: true })) }),
        ...(image !== undefined && { image_url: image }),
      },
    ];
    if (token === undefined) return { url, json: { text, attachments } };
    const post = { message: text, props: { attachments } };
    const headers = { authorization: `Bearer ${token.reveal()}` };
    if (earlier !== undefined && message.replace_key !== undefined)
      return { url: `${api}/api/v4/posts/${encodeURIComponent(earlier)}/patch`, method: 'PUT', headers, json: post };
    const thread = earlier !== undefined && { root_id: earlier };
    const create = (channelId: string) => ({
      url: `${api}/api/v4/posts`,
      headers,
      json: { channel_id: channelId, ...thread, ...post },
    });
    const [team = '', name] = to.split('/');
    if (name === undefined) return create(to);
    const path = `/api/v4/teams/name/${encodeURIComponent(team)}/channels/name/${encodeURIComponent(name)}`;
    return [{ url: `${api}${path}`, method: 'GET', headers }, ({ id }) => create(id!)];
  },
  answers: {
    read({ text, json: { id, status_code: status, message } }) {
      if (text.trim() === 'ok') return { ok: true };
      if (typeof id !== 'string') return undefined;
      if (typeof status !== 'number') return { ok: true, id };
      return { ok: false, code: id.replace(/\.(?:app_error|request_error)$/, ''), message: `${message as string}` };
    },
    // https://github.com/mattermost/mattermost/blob/master/server/i18n/en.json
    codes: {
      'web.incoming_webhook.invalid': misconfigured('there is no such webhook'),
      'web.incoming_webhook.disabled': misconfigured('incoming webhooks are switched off on this server'),
      ...each(
        'web.incoming_webhook.channel web.incoming_webhook.channel_locked web.incoming_webhook.permissions',
        misconfigured('the webhook may not write to its channel'),
      ),
      ...each('api.context.session_expired api.context.invalid_token', misconfigured('the token is refused')),
      'api.context.permissions': permanent('the bot may not write to this channel'),
      ...each(
        'app.channel.get.existing app.channel.get.find app.channel.get_by_name.missing',
        permanent('there is no such channel'),
      ),
      'api.post.update_post.permissions_time_limit': permanent('the earlier post is too old to be updated'),
      'model.post.is_valid.message_length': permanent('the post is too long'),
    },
    statuses: ADDRESS_IS_CREDENTIAL,
  },
});
