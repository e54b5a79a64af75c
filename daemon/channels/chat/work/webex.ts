import { oneOrMany } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import { mentionFaultUnless, mentionText } from '../../kit/chat/mention.ts';
import { threadOf, placedAddress } from '../../kit/chat/parts.ts';
import { each, misconfigured, permanent, rateLimited } from '../../kit/http/answers.ts';
import { defineHttpChannel } from '../../kit/http/define.ts';
import { key } from '../../kit/http/settings.ts';
import { markdownWithEntities } from '../../kit/text/escape.ts';
import { asWritten, COMMONMARK, fitText, layoutOf, type Markup, without } from '../../kit/text/layout.ts';
import { byteLength, BYTES, type Unit } from '../../kit/text/text.ts';

/** Bytes of the Markdown. https://developer.webex.com/docs/api/v1/messages/create-a-message */
const MAX_MARKDOWN_BYTES = 7439;

/** Markdown, in which `<@...>` mentions people. https://developer.webex.com/docs/basics#formatting-messages */
const MARKDOWN: Markup = {
  ...COMMONMARK,
  markdown: asWritten,
  escape: markdownWithEntities,
  link: (label, address) => `[${label === '' ? address : label}](${address})`,
  gap: '\n',
};

const LINE_BREAK = '  \n';

/** Bytes after each line feed has got the two blanks that make it a line break. */
const WITH_LINE_BREAKS: Unit = {
  ...BYTES,
  length: (text) => byteLength(text) + (LINE_BREAK.length - 1) * (text.split('\n').length - 1),
};

/** Webex, over a bot. https://developer.webex.com/docs/api/v1/messages */
export const webex = defineHttpChannel({
  type: 'webex',
  summary: 'Rooms and people of Webex, over a bot',
  documentation: 'https://developer.webex.com/docs/api/v1/messages/create-a-message',
  setup: [
    'Log in to developer.webex.com, open My Webex Apps, create a bot, and copy its access token.',
    'Add the bot to the room by its name.',
    'Give as `to` the room id, which List Rooms on developer.webex.com shows for the token, or the e-mail address of a person.',
  ],
  example: { token: '${env:WEBEX_TOKEN}', to: 'ada@example.com' },
  receipt: 'ids of the room and of the message',
  api: 'https://webexapis.com',
  settings: {
    token: key('The access token of a bot.', '${env:WEBEX_TOKEN}'),
    to: oneOrMany(Type.String({ minLength: 1 }), {
      description: 'Recipients: ids of rooms, and e-mail addresses of people.',
      examples: ['ada@example.com', ['Y2lzY29zcGFyazovL3VzL1JPT00v', 'ada@example.com']],
    }),
  },
  keys: { token: '' },
  limits: { text: '7,439 bytes' },
  supports: { kept: 'markdown link image mention replace_key to', text: 'html actions fields' },
  markup: MARKDOWN,
  mentionFault: mentionFaultUnless(/^[\w.+-]+@[\w.-]+$|^[\w-]{20,255}$/, 'the e-mail address or the id of a person'),
  recipients: (message, { to }) => message.to ?? to,
  follows: {
    key: threadOf,
    untilResolved: true,
    // A message can be edited ten times, and not if it has a file. The status is all that says so.
    gone: ['400', '403', '404', '409'],
  },
  request(message, { settings: { token }, api, to, earlier, mentions }) {
    const user = (id: string) => (id.includes('@') ? `<@personEmail:${id}>` : `<@personId:${id}>`);
    const calls = mentionText(mentions, { user, all: '<@all>' });
    const image = message.replace_key === undefined ? placedAddress(message.image) : undefined;
    const layout = layoutOf(image === undefined ? message : without(message, 'image'), MARKDOWN, {
      calls,
      unit: WITH_LINE_BREAKS,
    });
    const markdown = fitText(layout, MAX_MARKDOWN_BYTES).replaceAll('\n', LINE_BREAK);
    const headers = { authorization: `Bearer ${token.reveal()}` };
    const [roomId, parentId] = earlier?.split(' ') ?? [];
    const messages = `${api}/v1/messages`;
    if (parentId !== undefined && message.replace_key !== undefined)
      return { url: `${messages}/${encodeURIComponent(parentId)}`, method: 'PUT', headers, json: { roomId, markdown } };
    const json = {
      ...(to.includes('@') ? { toPersonEmail: to } : { roomId: to }),
      ...(parentId !== undefined && { parentId }),
      markdown,
      ...(image !== undefined && { files: [image] }),
    };
    return { url: messages, headers, json };
  },
  answers: {
    read({ status, json: { id, roomId, message, errors } }) {
      if (typeof id === 'string') return { ok: true, id: `${roomId as string} ${id}` };
      if (typeof message !== 'string') return undefined;
      const [first] = Array.isArray(errors) ? (errors as readonly { readonly description?: unknown }[]) : [];
      const description = typeof first?.description === 'string' ? first.description : message;
      return { ok: false, code: status, message: description };
    },
    // https://developer.webex.com/docs/basics#api-errors
    codes: {
      400: permanent('the message was refused'),
      401: misconfigured('the access token is refused'),
      403: permanent('the bot may not write to this room'),
      404: permanent('there is no such room or person'),
      ...each('405 409 410 415 423 428', permanent('the message was refused')),
      429: rateLimited('too many messages'),
    },
  },
});
