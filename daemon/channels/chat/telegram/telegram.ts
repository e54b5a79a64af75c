import { oneOrMany } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { mentionFaultUnless, mentionText } from '../../kit/chat/mention.ts';
import { buttonsOf, placedAddress } from '../../kit/chat/parts.ts';
import { misconfigured, permanent, rateLimited } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { secondsOf } from '../../kit/http/failures.ts';
import { key } from '../../kit/http/settings.ts';
import { recipientFaultUnless } from '../../kit/recipients/names.ts';
import { fitText, layoutOf, TELEGRAM_HTML, without } from '../../kit/text/layout.ts';
import { UTF16 } from '../../kit/text/text.ts';
import { botPath, recipientsOf, telegramButtons } from './buttons.ts';

/** UTF-16 units. Telegram does not count tags, but they are counted here, so that a text is never too long. */
const MAX_TEXT = 4096;

/** A number, negative for groups, or the public name of a channel or group. */
const chatFault = recipientFaultUnless(/^(?:-?\d{1,20}|@\w{4,64})$/, 'write its id in digits, or `@name`', 'a chat');

/**
 * Descriptions of an edit of a message that was deleted, or that another bot wrote; and of one that changes nothing, because an
 * earlier attempt made the change. Their code is 400, like that of other errors. https://core.telegram.org/bots/api#editmessagetext
 */
const NOT_EDITABLE = /message to edit not found|message can't be edited|MESSAGE_ID_INVALID/i;
const NOT_MODIFIED = /message is not modified/i;

/** Telegram bot. https://core.telegram.org/bots/api#sendmessage */
export const telegram = defineHttpChannel({
  type: 'telegram',
  summary: 'A bot of Telegram, to people, groups and channels',
  documentation: 'https://core.telegram.org/bots/api#sendmessage',
  setup: [
    'Write `/newbot` to @BotFather in Telegram and copy the token.',
    'Write to the new bot, or add it to the group.',
    'Open https://api.telegram.org/botTOKEN/getUpdates and copy the `id` of the `chat`.',
  ],
  example: { token: '${env:TELEGRAM_TOKEN}', to: [-1001234567890] },
  receipt: 'id of the message',
  api: 'https://api.telegram.org',
  settings: {
    token: key('The token from BotFather.', '${env:TELEGRAM_TOKEN}'),
    to: oneOrMany(Type.Unsafe<string | number>({ anyOf: [{ type: 'integer' }, { type: 'string' }] }), {
      description: 'Chats that get the message: ids (negative for groups), or `@name` of a public one.',
      examples: [-1001234567890, ['123456789', '@acme_alerts']],
    }),
    thread_id: Type.Optional(
      Type.Integer({ description: 'The topic, in a group with topics.', examples: [7], minimum: 1 }),
    ),
    buttons: Type.Optional(
      Type.Boolean({
        description:
          'True: `ack`, `silence` and `resolve` are buttons of the message, whose presses the daemon fetches (`getUpdates`). No other program may do that for the bot, and it must have no webhook.',
        examples: [true],
        default: false,
      }),
    ),
    silent: Type.Optional(
      Type.Boolean({ description: 'True: the message makes no sound.', examples: [true], default: false }),
    ),
  },
  keys: { token: '' },
  // The limit is 20 a minute for a group. For a person it would be one a second.
  limits: { rate: '20/1m', text: '4,096 UTF-16 units' },
  supports: { kept: 'markdown link image actions mention replace_key to', text: 'html fields' },
  markup: TELEGRAM_HTML,
  mentionFault: mentionFaultUnless(/^\w{5,32}$/, 'the name of a user'),
  names: { to: chatFault },
  recipients: recipientsOf,
  buttons: telegramButtons,
  follows: {
    key: ({ replace_key }, _, { api, thread_id }) => replace_key && JSON.stringify([api, thread_id, replace_key]),
    untilResolved: true,
    gone: ['not_editable'],
  },
  request(message, { settings: { token, thread_id, silent }, api, to, earlier, mentions }) {
    const buttons = buttonsOf(message.actions, 10, 60);
    const calls = mentionText(mentions, { user: (name) => ` @${name}`, all: '' }).trimEnd();
    const image = placedAddress(message.image);
    const shown = without(message, 'image', ...(buttons.length > 0 ? ['actions' as const] : []));
    const place =
      earlier === undefined
        ? {
            ...(thread_id !== undefined && { message_thread_id: thread_id }),
            ...(silent === true && { disable_notification: true }),
          }
        : { message_id: Number(earlier) };
    return {
      url: `${api}${botPath(token)}/${earlier === undefined ? 'sendMessage' : 'editMessageText'}`,
      json: {
        chat_id: to.startsWith('@') ? to : Number(to),
        ...place,
        text: fitText(layoutOf(shown, TELEGRAM_HTML, { unit: UTF16 }), MAX_TEXT - calls.length) + calls,
        parse_mode: 'HTML',
        link_preview_options: image === undefined ? { is_disabled: true } : { url: image },
        ...(buttons.length > 0 && {
          reply_markup: {
            inline_keyboard: buttons.map(({ label, address, press }) => [
              { text: label, ...(press === undefined ? { url: address } : { callback_data: press }) },
            ]),
          },
        }),
      },
    };
  },
  answers: {
    read({ json: { ok, result, error_code: code, description, parameters } }) {
      if (ok === true) return { ok, id: `${(result as { message_id?: number } | undefined)?.message_id ?? ''}` };
      if (typeof code !== 'number') return undefined;
      const text = typeof description === 'string' ? description : '';
      if (NOT_MODIFIED.test(text)) return { ok: true };
      if (NOT_EDITABLE.test(text)) return { ok: false, code: 'not_editable', message: text };
      const { retry_after: seconds, migrate_to_chat_id: moved } = (parameters ?? {}) as Record<string, unknown>;
      const retryAfter = secondsOf(seconds);
      const message = `${text}${moved === undefined ? '' : ` (the chat is now ${moved as number})`}`;
      return { ok: false, code, message, ...(retryAfter !== undefined && { retryAfter }) };
    },
    codes: {
      400: permanent('the request is not valid'),
      401: misconfigured('the token is wrong'),
      403: permanent('the bot may not write to this chat'),
      404: misconfigured('there is no such bot: the token is wrong'),
      429: rateLimited('too many messages'),
    },
    // A change that was made before.
    repeatStatus: 400,
  },
});
