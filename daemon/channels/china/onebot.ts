import { SendFailure } from '../../core/problems/failure.ts';
import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { mentionFaultUnless, mentionSetting, type Mentions } from '../kit/chat/mention.ts';
import { separateParts } from '../kit/chat/parts.ts';
import { type CodeMeaning, each, misconfigured, permanent, idIn } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { recipientFaultUnless } from '../kit/recipients/names.ts';
import { fitText, layoutOf, PLAIN } from '../kit/text/layout.ts';
import { UTF16 } from '../kit/text/text.ts';

/** Characters; the protocol has no limit, and QQ refuses longer messages of some clients. */
const MAX_TEXT = 4000;
const NAME = /^(user|group):([1-9]\d{4,11})$/;

const recipientFault = recipientFaultUnless(NAME, 'write `user:` or `group:` before the number');

/** The message may have been sent: clients answer so when QQ does not confirm it in time. https://github.com/NapNeko/NapCatQQ/issues/1772 */
const PERHAPS_SENT: CodeMeaning = { class: 'unknown', message: 'QQ did not confirm the message in time' };

/** Code of a success by its status; `async` means that the client has accepted the message. */
const OK_CODES: Readonly<Record<string, number>> = { ok: 0, async: 1 };

/** Clients put the reason into different fields. */
const firstText = (...texts: readonly unknown[]): string =>
  texts.find((text): text is string => typeof text === 'string' && text !== '') ?? '';

/** Mentions as segments. Only a group has them. */
const mentionSegments = ({ all, users, mobiles }: Mentions) =>
  [...users, ...mobiles, ...(all ? ['all'] : [])].flatMap((qq) => [
    { type: 'at', data: { qq } },
    { type: 'text', data: { text: ' ' } },
  ]);

/** QQ over OneBot 11, a protocol of several clients. https://github.com/botuniverse/onebot-11/blob/master/communication/http.md */
export const onebot = defineHttpChannel({
  type: 'onebot',
  summary: 'QQ, over a client with OneBot 11 such as NapCat or LLOneBot',
  documentation: 'https://github.com/botuniverse/onebot-11',
  setup: [
    'Install a client with OneBot 11 (NapCat, LLOneBot) and sign in with a QQ account.',
    'Turn on its HTTP server, set an access token there, and give its address as `api`.',
    'The recipient is `group:` or `user:` with the QQ number; the account must be in the group or a friend.',
  ],
  example: { api: 'http://127.0.0.1:3000', token: '${env:ONEBOT_TOKEN}', to: 'group:123456789' },
  receipt: 'id of the message',
  settings: {
    token: Type.Optional(key('The access token of the client.', '${env:ONEBOT_TOKEN}')),
    to: oneOrMany(
      Type.String({
        description: '`group:` or `user:` with a QQ number.',
        examples: ['group:123456789', 'user:10001000'],
      }),
      { description: 'Groups and people.', examples: [['group:123456789', 'user:10001000']] },
    ),
    mention: mentionSetting({
      description: 'People to mention in a group: QQ numbers, or `all`.',
      examples: [['10001000'], 'all'],
    }),
  },
  keys: { token: '' },
  limits: { text: 'no documented limit; Belfry cuts at 4,000 UTF-16 units' },
  supports: { kept: 'image mention to', text: 'markdown html link actions fields' },
  markup: PLAIN,
  mentionFault: mentionFaultUnless(/^[1-9]\d{4,11}$/, 'a QQ number'),
  names: { to: recipientFault },
  recipients: (message, { to }) => message.to ?? to,
  request(message, { settings: { token }, api, mentions, to }) {
    const [, kind, number] = NAME.exec(to) ?? [];
    // Names may come from an event.
    if (number === undefined)
      throw new SendFailure('permanent', 'onebot.bad_recipient', 'the recipient is not a QQ number');
    const { image, rest } = separateParts(message, { image: true });
    const isGroup = kind === 'group';
    return {
      url: `${api}/${isGroup ? 'send_group_msg' : 'send_private_msg'}`,
      headers: { ...(token !== undefined && { authorization: `Bearer ${token.reveal()}` }) },
      json: {
        [isGroup ? 'group_id' : 'user_id']: Number(number),
        // Segments need no escape: a text segment shows whatever it holds.
        message: [
          ...(isGroup ? mentionSegments(mentions) : []),
          { type: 'text', data: { text: fitText(layoutOf(rest, PLAIN, { unit: UTF16 }), MAX_TEXT) } },
          ...(image === undefined ? [] : [{ type: 'image', data: { file: image } }]),
        ],
      },
    };
  },
  answers: {
    read({ json: { status, retcode, data, message, wording, msg } }) {
      const { message_id } = (data ?? {}) as { readonly message_id?: unknown };
      if (typeof retcode !== 'number') return undefined;
      if (OK_CODES[`${status as string}`] === retcode) return { ok: true, ...idIn(message_id) };
      return { ok: false, code: retcode, message: firstText(message, wording, msg) };
    },
    meaning: ({ code, message = '' }) => (code === 1200 && /timeout/i.test(message) ? PERHAPS_SENT : undefined),
    // https://github.com/botuniverse/onebot-11/blob/master/communication/ws.md
    codes: {
      1400: permanent('the request is not valid'),
      ...each('1401 1403', misconfigured('the access token is refused')),
      1404: misconfigured('there is no OneBot 11 at this address'),
    },
    statuses: {
      404: { misconfigured: true, message: 'there is no OneBot 11 at this address' },
    },
  },
});
