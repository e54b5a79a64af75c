import { each, misconfigured, permanent } from '../kit/http/answers.ts';
import { placedAddress } from '../kit/chat/parts.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { COMMONMARK, fitText, layoutOf, PLAIN } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { cutToBytes } from '../kit/text/text.ts';

/** Priorities by their effect on Android: 0 shows no notification, 1 to 3 an icon, 4 to 7 adds a sound, 8 to 10 vibration. https://gotify.net/docs/priority */
const PRIORITIES = { min: 0, low: 2, normal: 5, high: 8, urgent: 10 } as const;
/** No limit is documented; a server with MySQL keeps a message in a column of type TEXT. */
const MAX_MESSAGE_BYTES = 65_535;
const MAX_TITLE_BYTES = 250;

/** Tokens of a client, of Gotify 2 and 3: they read messages and cannot send any. */
const CLIENT_TOKEN = /^(?:C[\w.-]{14}|gtfy_client\..*)$/;

/** Gotify. https://gotify.net/docs/pushmsg https://gotify.net/docs/msgextras */
export const gotify = defineHttpChannel({
  type: 'gotify',
  summary: 'Push notifications over a Gotify server',
  documentation: 'https://gotify.net/docs/pushmsg',
  setup: [
    'Log in to the web page of your Gotify server and open Apps.',
    'Create an application, and show its token with the eye symbol.',
    'Give the address of the server as `api` and the token as `token`.',
  ],
  example: { api: 'https://push.example.com', token: '${env:GOTIFY_TOKEN}' },
  receipt: 'id of the message',
  settings: {
    token: key('The token of an application, not of a client.', '${env:GOTIFY_TOKEN}'),
  },
  keys: { token: '' },
  limits: { text: '65,535 bytes' },
  supports: { kept: 'markdown priority link image', text: 'html actions fields' },
  markup: COMMONMARK,
  check: ({ token }) =>
    CLIENT_TOKEN.test(token.reveal())
      ? [{ pointer: '/token', message: 'this is the token of a client', mend: 'give the token of an application' }]
      : [],
  request(message, { settings: { token }, api }) {
    const isMarkdown = message.format === 'markdown';
    const click = placedAddress(message.link);
    const image = placedAddress(message.image);
    return {
      url: `${api}/message`,
      headers: { 'x-gotify-key': token.reveal() },
      json: {
        title: cutToBytes(plainTitle(message), MAX_TITLE_BYTES),
        message: fitText(layoutOf(message, isMarkdown ? COMMONMARK : PLAIN, { untitled: true }), MAX_MESSAGE_BYTES),
        priority: PRIORITIES[message.priority],
        // Only the app for Android uses these addresses, so they are in the text, too.
        extras: {
          'client::display': { contentType: isMarkdown ? 'text/markdown' : 'text/plain' },
          'client::notification': {
            ...(click !== undefined && { click: { url: click } }),
            ...(image !== undefined && { bigImageUrl: image }),
          },
        },
      },
    };
  },
  answers: {
    read({ json: { id, errorCode, errorDescription } }) {
      if (typeof id === 'number') return { ok: true, id: `${id}` };
      if (typeof errorCode !== 'number') return undefined;
      return { ok: false, code: errorCode, message: String(errorDescription) };
    },
    codes: {
      400: permanent('the server does not accept this message'),
      ...each('401 403', misconfigured('the token is refused')),
      404: misconfigured('there is no Gotify at this address'),
    },
  },
});
