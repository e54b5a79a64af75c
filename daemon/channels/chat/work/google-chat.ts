import type { Delivery } from '../../../core/delivery/delivery.ts';
import { escapeFor } from '../../../core/message/escape.ts';
import type { Message } from '../../../core/message/message.ts';
import { isObject } from '../../../core/values/json.ts';
import { alertKey } from '../../kit/alert-key.ts';
import { mentionFaultUnless, mentionText } from '../../kit/chat/mention.ts';
import { dayOf, linkButtonsOf, placedAddress } from '../../kit/chat/parts.ts';
import { each, misconfigured, permanent, rateLimited, transient } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { ADDRESS_IS_CREDENTIAL } from '../../kit/http/failures.ts';
import { key } from '../../kit/http/settings.ts';
import { htmlLink, TELEGRAM_DIALECT } from '../../kit/text/dialects.ts';
import { lookalikes } from '../../kit/text/escape.ts';
import { fieldsOf, fitJson, fitText, layoutOf, type Markup, PLAIN, without } from '../../kit/text/layout.ts';
import { type Dialect, renderMarkdown } from '../../kit/text/markdown.ts';

/** Bytes of text and cards together. https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create */
const MAX_REQUEST_BYTES = 32_000;
const MAX_FIELDS_BYTES = 10_000;
const MAX_BUTTONS = 6;
const MAX_LABEL_BYTES = 100;
/** Bytes of a thread key, of which 4,000 characters are allowed. */
const MAX_THREAD_KEY_BYTES = 4000;

const OWN_HOST = /^https:\/\/chat\.googleapis\.com\//;

const html = (plain: string): string => escapeFor(plain, 'html');

/** HTML of cards. https://developers.google.com/workspace/chat/format-messages#card-formatting */
const CARD_DIALECT: Dialect = {
  ...TELEGRAM_DIALECT,
  text: html,
  code: html,
  link: ({ plainLabel, target }) => htmlLink(plainLabel, target),
  codeBlock: html,
  quote: (inner) => `<i>${inner}</i>`,
};

const CARD: Markup = {
  markdown: (source) => renderMarkdown(source, CARD_DIALECT),
  escape: html,
  title: (line) => `<b>${line}</b>`,
  field: (name, value) => `<b>${name}</b>: ${value}`,
  link: (label, address) => `<a href="${html(address)}">${label === '' ? html(address) : label}</a>`,
  gap: '\n',
};

/** Markup of the text above the card, which has no escapes. https://developers.google.com/workspace/chat/format-messages#messages */
const TEXT: Markup = { ...PLAIN, escape: lookalikes, title: (line) => `*${line}*` };

function widgetsOf(message: Message) {
  const buttons = linkButtonsOf(message, MAX_BUTTONS, MAX_LABEL_BYTES);
  const fields = fieldsOf(message, html, MAX_FIELDS_BYTES);
  const image = placedAddress(message.image);
  const shown = without(
    message,
    'image',
    ...(buttons.length > 0 ? (['link', 'actions'] as const) : []),
    ...(fields.length > 0 ? (['fields'] as const) : []),
  );
  const layout = layoutOf(shown, CARD, { untitled: true });
  return (room: number) => [
    { textParagraph: { text: fitText(layout, room).replaceAll('\n', '<br>') } },
    // A widget without text is refused.
    ...fields.map(({ name, value }) => ({ decoratedText: { topLabel: name, text: value || '-', wrapText: true } })),
    ...(image === undefined ? [] : [{ image: { imageUrl: image, onClick: { openLink: { url: image } } } }]),
    ...(buttons.length === 0
      ? []
      : [
          {
            buttonList: {
              buttons: buttons.map(({ label, address }) => ({ text: label, onClick: { openLink: { url: address } } })),
            },
          },
        ]),
  ];
}

/** Key of the thread of an alert for a day: only those who follow a thread are notified of what is added to it. */
function threadKeyOf(message: Message, delivery: Delivery): string {
  const day = `${dayOf(delivery)}`;
  return `${alertKey(message, delivery, MAX_THREAD_KEY_BYTES - day.length - 1)} ${day}`;
}

/** Address for one delivery: an unknown thread begins a new one, and a repeated request id gives the earlier message. */
function addressFor(url: string, { id }: Delivery): string {
  const address = new URL(url);
  address.searchParams.set('messageReplyOption', 'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD');
  address.searchParams.set('requestId', id);
  return address.href;
}

/** Reason for which a wrong key is refused. https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto */
const WRONG_KEY = 'API_KEY_INVALID';

const isWrongKey = (details: unknown): boolean =>
  Array.isArray(details) && details.some((detail) => isObject(detail) && detail.reason === WRONG_KEY);

/** Google Chat, over an incoming webhook of a space. https://developers.google.com/workspace/chat/quickstart/webhooks */
export const googleChat = defineHttpChannel({
  type: 'google_chat',
  summary: 'A space of Google Chat, over an incoming webhook',
  documentation: 'https://developers.google.com/workspace/chat/quickstart/webhooks',
  setup: [
    'Open the space in a browser (an account of Google Workspace is needed), its menu, then Apps & integrations.',
    'Add a webhook with a name, and copy its URL, whole, with `key` and `token`.',
  ],
  example: { url: '${env:GOOGLE_CHAT_URL}' },
  receipt: 'name of the message',
  settings: { url: key('The URL of the webhook, with `key` and `token`.', '${env:GOOGLE_CHAT_URL}') },
  // All webhooks and apps of a space share 60 a minute.
  limits: { rate: '1/1s', text: '32,000 bytes with all parts' },
  supports: { kept: 'markdown link image actions fields mention replace_key', text: 'html' },
  idempotent: true,
  markup: CARD,
  mentionFault: mentionFaultUnless(/^\d{5,30}$/, 'the id of a user in digits'),
  check: ({ url }) =>
    OWN_HOST.test(url.reveal()) && !(/[?&]key=[^&]/.test(url.reveal()) && /[?&]token=[^&]/.test(url.reveal()))
      ? [{ pointer: '/url', message: 'the URL has no `key` and `token`', mend: 'copy the whole URL of the webhook' }]
      : [],
  request(message, { url, io: { delivery }, mentions }) {
    const calls = mentionText(mentions, { user: (id) => `<users/${id}>`, all: '<users/all>' });
    const text = layoutOf(message, TEXT, { calls }).title;
    const widgets = widgetsOf(message);
    const threadKey = threadKeyOf(message, delivery);
    return {
      url: addressFor(url, delivery),
      json: fitJson(
        (room) => ({
          ...(text !== '' && { text }),
          thread: { threadKey },
          cardsV2: [{ cardId: 'message', card: { sections: [{ widgets: widgets(room) }] } }],
        }),
        MAX_REQUEST_BYTES,
      ),
    };
  },
  answers: {
    read({ json: { name, error } }) {
      if (typeof name === 'string' && name.startsWith('spaces/')) return { ok: true, id: name };
      const { status, message, details } = (error ?? {}) as Readonly<Record<string, unknown>>;
      if (typeof status !== 'string') return undefined;
      // The status is that of an invalid argument.
      return { ok: false, code: isWrongKey(details) ? WRONG_KEY : status, message: `${message as string}` };
    },
    // https://cloud.google.com/apis/design/errors#handling_errors
    codes: {
      ...each('INVALID_ARGUMENT FAILED_PRECONDITION', permanent('the message was refused')),
      ...each(
        `UNAUTHENTICATED PERMISSION_DENIED ${WRONG_KEY}`,
        misconfigured('the key or the token in the URL is refused'),
      ),
      NOT_FOUND: misconfigured('the space or the webhook is gone'),
      RESOURCE_EXHAUSTED: rateLimited('too many messages in this space', 60_000),
      ...each('INTERNAL UNAVAILABLE ABORTED DEADLINE_EXCEEDED', transient('Google Chat has an error')),
    },
    statuses: ADDRESS_IS_CREDENTIAL,
  },
});
