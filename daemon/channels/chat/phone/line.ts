import type { Message } from '../../../core/message/message.ts';
import { oneOrMany } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { buttonsOf } from '../../kit/chat/parts.ts';
import { each, misconfigured, permanent, rateLimited } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { key } from '../../kit/http/settings.ts';
import { recipientFaultUnless } from '../../kit/recipients/names.ts';
import { repeatId } from '../../kit/recipients/repeat-id.ts';
import { linkAddress } from '../../kit/text/escape.ts';
import { fitText, layoutOf, PLAIN, without } from '../../kit/text/layout.ts';
import { plainTitle } from '../../kit/text/plain.ts';
import { cutText, UTF16 } from '../../kit/text/text.ts';

/** UTF-16 units, and characters of an address. https://developers.line.biz/en/reference/messaging-api/#text-message */
const MAX_TEXT = 5000;
const MAX_BUTTON_TEXT = 160;
const MAX_ALTERNATIVE_TEXT = 400;
const MAX_BUTTONS = 4;
const MAX_LABEL_BYTES = 20;
const MAX_BUTTON_ADDRESS = 1000;
const MAX_IMAGE_ADDRESS = 2000;

/** Id of a user, a group or a room. */
const RECIPIENT = /^[UCR][0-9a-f]{8,64}$/i;

const recipientFault = recipientFaultUnless(
  RECIPIENT,
  'write the id of a user (`U...`), a group (`C...`) or a room (`R...`)',
);

/** LINE shows pictures over https only. */
function imageOf({ image = '' }: Message): string | undefined {
  const address = linkAddress(image);
  return address?.startsWith('https:') === true && address.length <= MAX_IMAGE_ADDRESS ? address : undefined;
}

/** The parts of a message as up to three messages of LINE, which count as one. */
function messagesOf(message: Message): readonly object[] {
  const image = imageOf(message);
  const candidates = buttonsOf(message.actions, MAX_BUTTONS, MAX_LABEL_BYTES);
  const buttons = candidates.every(({ address }) => address.length <= MAX_BUTTON_ADDRESS) ? candidates : [];
  const shown = without(
    message,
    ...(image === undefined ? [] : (['image'] as const)),
    ...(buttons.length > 0 ? (['actions'] as const) : []),
  );
  const title = plainTitle(message) || '…';
  const actions = buttons.map(({ label, address }) => ({ type: 'uri', label, uri: address }));
  return [
    { type: 'text', text: fitText(layoutOf(shown, PLAIN, { unit: UTF16 }), MAX_TEXT) },
    ...(image === undefined ? [] : [{ type: 'image', originalContentUrl: image, previewImageUrl: image }]),
    ...(buttons.length === 0
      ? []
      : [
          {
            type: 'template',
            altText: cutText(title, MAX_ALTERNATIVE_TEXT, UTF16),
            template: { type: 'buttons', text: cutText(title, MAX_BUTTON_TEXT, UTF16), actions },
          },
        ]),
  ];
}

/** LINE Messaging API. https://developers.line.biz/en/reference/messaging-api/#send-push-message */
export const line = defineHttpChannel({
  type: 'line',
  summary: 'People and groups of LINE, over an official account',
  documentation: 'https://developers.line.biz/en/reference/messaging-api/#send-push-message',
  setup: [
    'Make an official account of LINE, and enable the Messaging API in its settings.',
    'In the LINE Developers Console, open the channel, Messaging API, and issue a long-lived channel access token.',
    'Add the account as a friend or to a group; your own user id is under Basic settings, ids of others are in webhook events.',
  ],
  example: { token: '${env:LINE_TOKEN}', to: 'U4af4980629e51f2b1c0a7d3e8b9c0d1e' },
  receipt: 'id of the message',
  api: 'https://api.line.me',
  settings: {
    token: key('The channel access token.', '${env:LINE_TOKEN}'),
    to: oneOrMany(Type.String({ minLength: 1 }), {
      description: 'Recipients: ids of users (`U...`), groups (`C...`) and rooms (`R...`).',
      examples: ['U4af4980629e51f2b1c0a7d3e8b9c0d1e', ['U4af4980629e51f2b1c0a7d3e8b9c0d1e']],
    }),
  },
  keys: { token: '' },
  limits: { rate: '2000/1s', text: '5,000 UTF-16 units' },
  supports: { kept: 'priority image actions to', text: 'markdown html link fields' },
  idempotent: true,
  markup: PLAIN,
  names: { to: recipientFault },
  recipients: (message, { to }) => message.to ?? to,
  request(message, { settings: { token, to: all }, api, io: { delivery }, to }) {
    const isQuiet = message.priority === 'min' || message.priority === 'low';
    return {
      url: `${api}/v2/bot/message/push`,
      headers: {
        authorization: `Bearer ${token.reveal()}`,
        'x-line-retry-key': repeatId(delivery.id, to, message.to ?? all),
      },
      json: { to, messages: messagesOf(message), ...(isQuiet && { notificationDisabled: true }) },
    };
  },
  answers: {
    read({ status, headers, text, json: { sentMessages, message, details } }) {
      const [sent] = Array.isArray(sentMessages) ? (sentMessages as readonly { readonly id?: unknown }[]) : [];
      const isRepeat = status === 409 && headers['x-line-accepted-request-id'] !== undefined;
      // An older answer is an empty object.
      if (sent !== undefined || isRepeat || (status === 200 && text.trim() === '{}')) {
        const id = typeof sent?.id === 'string' ? sent.id : headers['x-line-request-id'];
        return { ok: true, ...(id !== undefined && { id }) };
      }
      if (typeof message !== 'string') return undefined;
      const [detail] = Array.isArray(details) ? (details as readonly { message?: unknown; property?: unknown }[]) : [];
      const why = detail === undefined ? '' : ` ${String(detail.property)}: ${String(detail.message)}`;
      return { ok: false, code: /monthly limit/i.test(message) ? 'monthly_limit' : status, message: message + why };
    },
    // https://developers.line.biz/en/reference/messaging-api/#status-codes
    codes: {
      ...each('400 404 413 415', permanent('the message was refused')),
      401: misconfigured('the channel access token is refused'),
      403: misconfigured('the account may not send messages by the API'),
      429: rateLimited('too many requests'),
      monthly_limit: rateLimited('the messages of this month are used up', 3_600_000),
    },
    // https://developers.line.biz/en/docs/messaging-api/retrying-api-request/
    repeatStatus: 409,
  },
});
