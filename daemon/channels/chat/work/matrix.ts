import { escapeFor } from '../../../core/message/escape.ts';
import type { Message } from '../../../core/message/message.ts';
import { oneOrMany } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { type Mentions, mentionFaultUnless, mentionText } from '../../kit/chat/mention.ts';
import { each, misconfigured, permanent, rateLimited, transient } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { secondsOf } from '../../kit/http/failures.ts';
import { key } from '../../kit/http/settings.ts';
import { recipientFaultUnless } from '../../kit/recipients/names.ts';
import { repeatId } from '../../kit/recipients/repeat-id.ts';
import { htmlLink, TELEGRAM_DIALECT } from '../../kit/text/dialects.ts';
import { fitJson, fitText, layoutOf, type Markup, PLAIN } from '../../kit/text/layout.ts';
import { type Dialect, renderMarkdown } from '../../kit/text/markdown.ts';

/** Bytes of the content of an event, of 65,536 with everything around it. https://spec.matrix.org/latest/client-server-api/#size-limits */
const MAX_CONTENT_BYTES = 48_000;

const html = (plain: string): string => escapeFor(plain, 'html');

/** HTML of messages. https://spec.matrix.org/latest/client-server-api/#mroommessage-msgtypes */
const HTML_DIALECT: Dialect = {
  ...TELEGRAM_DIALECT,
  text: html,
  strike: (inner) => `<del>${inner}</del>`,
  link: ({ plainLabel, target }) => htmlLink(plainLabel, target),
};

const HTML: Markup = {
  markdown: (source) => renderMarkdown(source, HTML_DIALECT),
  escape: html,
  title: (line) => `<b>${line}</b>`,
  field: (name, value) => `<b>${name}</b>: ${value}`,
  link: (label, address) => `<a href="${html(address)}">${label === '' ? html(address) : label}</a>`,
  gap: '\n',
};

/** A room id (newer rooms have no server in it), or an alias. https://spec.matrix.org/latest/appendices/#room-ids */
const ROOM = /^[!#][^\s]+$/;

const roomFault = recipientFaultUnless(
  ROOM,
  'write its id (`!abc:example.org`) or an alias (`#ops:example.org`)',
  'a room',
);

/** Content of a message. Only `m.mentions` mentions people, and it is always there, so that `@room` in a text has no effect. */
function contentOf(message: Message, mentions: Mentions) {
  const people = mentions.users.map((name) => `@${name.replace(/^@/, '')}`);
  const all = mentions.all ? ['@room'] : [];
  const plainCalls = [...people, ...all].join(' ');
  const links = { user: (id: string) => `<a href="https://matrix.to/#/${encodeURIComponent(id)}">${html(id)}</a>` };
  const htmlCalls = mentionText({ ...mentions, users: people }, { ...links, all: '@room' });
  const plain = layoutOf(message, PLAIN, { calls: plainCalls });
  const rich = layoutOf(message, HTML, { calls: htmlCalls });
  return (room: number) => ({
    // Clients do not notify of a notice, so it is for what may be read later.
    msgtype: message.priority === 'min' || message.priority === 'low' ? 'm.notice' : 'm.text',
    body: fitText(plain, room),
    format: 'org.matrix.custom.html',
    formatted_body: fitText(rich, room).replaceAll('\n', '<br>'),
    'm.mentions': {
      ...(people.length > 0 && { user_ids: people }),
      ...(mentions.all && { room: true }),
    },
  });
}

/** Matrix, without encryption. https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid */
export const matrix = defineHttpChannel({
  type: 'matrix',
  summary: 'Rooms of Matrix, without encryption',
  documentation: 'https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid',
  setup: [
    'Make an account for Belfry at your homeserver, invite it to the room, and accept the invitation with it; the room must not be encrypted.',
    'In Element, logged in as this account, open All settings, Help & About, and copy the access token; do not log out afterwards.',
    'Give the address of the homeserver as `api`, and as `to` the room id from the settings of the room, Advanced.',
  ],
  example: { api: 'https://matrix.example.org', token: '${env:MATRIX_TOKEN}', to: '!abc123:example.org' },
  receipt: 'id of the event',
  settings: {
    token: key('The access token of the account that writes.', '${env:MATRIX_TOKEN}'),
    to: oneOrMany(Type.String({ minLength: 1 }), {
      description:
        'Rooms that get the message: ids, or aliases, which take one more request for each message. The account must be in them.',
      examples: ['!abc123:example.org', ['!abc123:example.org', '#ops:example.org']],
    }),
  },
  keys: { token: '' },
  limits: { text: '48,000 bytes with all parts' },
  supports: { kept: 'markdown priority mention replace_key to', text: 'html link image actions fields' },
  idempotent: true,
  markup: HTML,
  mentionFault: mentionFaultUnless(/^@?[\w.=+-]+:[\w.:-]+$/, 'a user id such as `@ada:example.org`'),
  names: { to: roomFault },
  recipients: (message, { to }) => message.to ?? to,
  follows: {
    key: ({ replace_key }, _, { api }) => replace_key && JSON.stringify([api, replace_key]),
    untilResolved: true,
    gone: ['M_NOT_FOUND'],
  },
  request(message, { settings: { token, to: all }, api, io: { delivery }, to, earlier, mentions }) {
    const headers = { authorization: `Bearer ${token.reveal()}` };
    const content = contentOf(message, mentions);
    const build = (room: number) => {
      const made = content(room);
      if (earlier === undefined) return made;
      // Clients that cannot replace a message show the new one, with a star. https://spec.matrix.org/latest/client-server-api/#event-replacements
      const fallback = { ...made, body: `* ${made.body}`, formatted_body: `* ${made.formatted_body}` };
      const relation = { rel_type: 'm.replace', event_id: earlier };
      return { ...fallback, 'm.mentions': {}, 'm.new_content': made, 'm.relates_to': relation };
    };
    const rooms = `${api}/_matrix/client/v3/rooms`;
    // Conduit and the servers made from it compare ids of transactions without the room.
    const transaction = encodeURIComponent(repeatId(delivery.id, to, message.to ?? all));
    const send = (id: string) => ({
      url: `${rooms}/${encodeURIComponent(id)}/send/m.room.message/${transaction}`,
      method: 'PUT' as const,
      headers,
      json: fitJson(build, MAX_CONTENT_BYTES),
    });
    if (!to.startsWith('#')) return send(to);
    const directory = `${api}/_matrix/client/v3/directory/room/${encodeURIComponent(to)}`;
    return [{ url: directory, method: 'GET', headers }, ({ id }) => send(id!)];
  },
  answers: {
    read({ json: { event_id: event, room_id: room, errcode, error, retry_after_ms: ms } }) {
      const id = event ?? room;
      if (typeof id === 'string') return { ok: true, id };
      if (typeof errcode !== 'string') return undefined;
      const retryAfter = secondsOf(typeof ms === 'number' ? ms / 1000 : undefined);
      const message = typeof error === 'string' ? error : '';
      return { ok: false, code: errcode, message, ...(retryAfter !== undefined && { retryAfter }) };
    },
    // https://spec.matrix.org/latest/client-server-api/#standard-error-response
    codes: {
      ...each('M_UNKNOWN_TOKEN M_MISSING_TOKEN', misconfigured('the access token is refused')),
      ...each('M_USER_DEACTIVATED M_USER_SUSPENDED M_USER_LOCKED', misconfigured('the account is switched off')),
      ...each('M_FORBIDDEN M_GUEST_ACCESS_FORBIDDEN', permanent('the account may not write in this room')),
      M_NOT_FOUND: permanent('there is no such room'),
      M_UNRECOGNIZED: misconfigured('there is no homeserver at this address'),
      ...each('M_BAD_JSON M_NOT_JSON M_INVALID_PARAM M_MISSING_PARAM', permanent('the message was refused')),
      M_TOO_LARGE: permanent('the message is too large'),
      M_LIMIT_EXCEEDED: rateLimited('too many messages'),
      M_RESOURCE_LIMIT_EXCEEDED: transient('the homeserver has reached a limit of its own'),
    },
  },
});
