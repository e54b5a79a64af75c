import { mentionFaultUnless, mentionText } from '../../kit/chat/mention.ts';
import { buttonsOf, hexColourOf, placedAddress } from '../../kit/chat/parts.ts';
import { misconfigured, permanent, rateLimited } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL, secondsOf } from '../../kit/http/failures.ts';
import { key } from '../../kit/http/settings.ts';
import { lookalikes, withoutMentions } from '../../kit/text/escape.ts';
import { asWritten, COMMONMARK, fieldsOf, fitText, layoutOf, type Markup, without } from '../../kit/text/layout.ts';
import { UTF16 } from '../../kit/text/text.ts';

/** Characters; `Message_MaxAllowedSize` of a new server. https://docs.rocket.chat/docs/message */
const MAX_TEXT = 5000;
const MAX_FIELDS_BYTES = 4000;
const MAX_BUTTONS = 5;
const MAX_LABEL_BYTES = 60;

/** Addresses, which stay unchanged, and what strikes text out or slants it: a tilde, and an underscore that is not within a word. */
const EMPHASIS = /https?:\/\/\S+|~|(?<![a-z0-9])_|_(?![a-z0-9])/gi;

/** Markdown without an escape character. https://docs.rocket.chat/docs/message-formatting */
const MARKDOWN: Markup = {
  ...COMMONMARK,
  markdown: asWritten,
  escape: (text) =>
    withoutMentions(lookalikes(text)).replace(EMPHASIS, (found) =>
      found === '~' ? '～' : found === '_' ? '＿' : found,
    ),
  link: (label, address) => (label === '' ? address : `[${label}](${address})`),
};

/** Codes of refusals that the server gives as sentences. https://github.com/RocketChat/Rocket.Chat/blob/develop/apps/meteor/app/integrations/server/api/api.ts */
const SENTENCES: readonly (readonly [RegExp, string])[] = [
  [/^Invalid integration id or token/, 'unknown_webhook'],
  [/^Service Unavailable$/, 'disabled'],
  [/^overriding destination channel/, 'channel_override'],
  [/\[?error-too-many-requests\]?/, 'too_many_requests'],
];

function codeOf(error: string): string | undefined {
  const sentence = SENTENCES.find(([pattern]) => pattern.test(error))?.[1];
  return sentence ?? /\[([\w-]{3,60})\]$/.exec(error)?.[1] ?? /^[\w-]{3,60}$/.exec(error)?.[0];
}

/** Rocket.Chat, over an incoming webhook. https://docs.rocket.chat/docs/integrations */
export const rocketchat = defineHttpChannel({
  type: 'rocketchat',
  summary: 'A channel of Rocket.Chat, over an incoming webhook',
  documentation: 'https://docs.rocket.chat/docs/integrations',
  setup: [
    'As an administrator of Rocket.Chat, open Workspace, Integrations, New, Incoming.',
    'Choose the channel and the user that writes, switch Enabled on, and save.',
    'Copy the Webhook URL that is shown then.',
  ],
  example: { url: '${env:ROCKETCHAT_URL}' },
  settings: { url: key('The URL of the webhook.', '${env:ROCKETCHAT_URL}') },
  limits: { text: '5,000 UTF-16 units' },
  supports: { kept: 'markdown priority image actions fields mention', text: 'html link' },
  markup: MARKDOWN,
  mentionFault: mentionFaultUnless(/^[\w.-]{1,64}$/, 'the name of a user'),
  request(message, { url, io: { delivery }, mentions }) {
    const calls = mentionText(mentions, { user: (name) => `@${name}`, all: '@all' });
    const buttons = buttonsOf(message.actions, MAX_BUTTONS, MAX_LABEL_BYTES);
    const fields = fieldsOf(message, MARKDOWN.escape, MAX_FIELDS_BYTES);
    const image = placedAddress(message.image);
    const shown = without(
      message,
      'image',
      ...(buttons.length > 0 ? (['actions'] as const) : []),
      ...(fields.length > 0 ? (['fields'] as const) : []),
    );
    return {
      url,
      json: {
        text: layoutOf(message, MARKDOWN, { calls, unit: UTF16 }).title,
        attachments: [
          {
            color: hexColourOf(message, delivery),
            text: fitText(layoutOf(shown, MARKDOWN, { untitled: true, unit: UTF16 }), MAX_TEXT),
            ...(fields.length > 0 && {
              fields: fields.map(({ name, value }) => ({ title: name, value, short: true })),
            }),
            ...(image !== undefined && { image_url: image }),
            ...(buttons.length > 0 && {
              actions: buttons.map(({ label, address }) => ({ type: 'button', text: label, url: address })),
            }),
          },
        ],
      },
    };
  },
  answers: {
    read({ json: { success, error } }) {
      if (success === true) return { ok: true };
      const code = typeof error === 'string' ? codeOf(error) : undefined;
      if (success !== false || typeof error !== 'string' || code === undefined) return undefined;
      const retryAfter = secondsOf(Number(/wait (\d+) seconds/.exec(error)?.[1]));
      return { ok: false, code, message: error, ...(retryAfter !== undefined && { retryAfter }) };
    },
    codes: {
      unknown_webhook: misconfigured('there is no such webhook'),
      disabled: misconfigured('the webhook is switched off'),
      channel_override: misconfigured('the webhook may not choose another channel'),
      'error-running-script': misconfigured('the script of the webhook failed'),
      'error-invalid-room': misconfigured('the channel of the webhook is gone'),
      'error-message-size-exceeded': permanent('the message is too long'),
      too_many_requests: rateLimited('too many messages'),
    },
    statuses: ADDRESS_IS_CREDENTIAL,
  },
});
