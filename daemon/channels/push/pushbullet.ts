import { oneOrMany } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import { separateParts } from '../kit/chat/parts.ts';
import { each, misconfigured, permanent, rateLimited } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { untilSeconds } from '../kit/http/failures.ts';
import { key } from '../kit/http/settings.ts';
import { recipientFaultUnless } from '../kit/recipients/names.ts';
import { fitText, layoutOf, PLAIN } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { cutText, UTF16 } from '../kit/text/text.ts';

/** Characters; no limits are documented. */
const MAX_TITLE = 250;
const MAX_BODY = 16_000;

const isEmail = (name: string): boolean => name.includes('@');

const recipientFault = recipientFaultUnless(
  /^(?:[^\s@]+@[^\s@]+|[\w-]{1,100})$/,
  'write an e-mail address, or the tag of a channel',
);

/** Pushbullet. https://docs.pushbullet.com/#create-push */
export const pushbullet = defineHttpChannel({
  type: 'pushbullet',
  summary: 'Push notifications over Pushbullet, to your devices, people and channels',
  documentation: 'https://docs.pushbullet.com/#create-push',
  setup: ['Open pushbullet.com, Settings, Account.', 'Choose "Create Access Token" and copy it.'],
  example: { token: '${env:PUSHBULLET_TOKEN}' },
  receipt: 'id of the push (`iden`)',
  api: 'https://api.pushbullet.com',
  settings: {
    token: key('An access token.', '${env:PUSHBULLET_TOKEN}'),
    to: Type.Optional(
      oneOrMany(Type.String(), {
        description: 'E-mail addresses of people, and tags of channels. If not set, all devices of your own.',
        examples: ['ops@example.com', ['acme-alerts']],
      }),
    ),
  },
  keys: { token: '' },
  limits: {},
  supports: { kept: 'link to', text: 'markdown html image actions fields' },
  markup: PLAIN,
  // A push with the same `guid` gives the earlier push.
  idempotent: true,
  names: { to: recipientFault },
  recipients: (message, { to }) => message.to ?? to ?? [''],
  request(message, { settings: { token }, api, to, io: { delivery } }) {
    const { link, rest } = separateParts(message, { link: true });
    return {
      url: `${api}/v2/pushes`,
      headers: { 'access-token': token.reveal() },
      json: {
        type: link === undefined ? 'note' : 'link',
        title: cutText(plainTitle(message), MAX_TITLE, UTF16),
        body: fitText(layoutOf(rest, PLAIN, { untitled: true, unit: UTF16 }), MAX_BODY),
        ...(link !== undefined && { url: link }),
        ...(to !== '' && (isEmail(to) ? { email: to } : { channel_tag: to })),
        guid: to === '' ? delivery.id : `${delivery.id}/${to}`,
      },
    };
  },
  answers: {
    // https://docs.pushbullet.com/#errors https://docs.pushbullet.com/#ratelimiting
    read({ status, headers, now, json: { iden, error } }) {
      if (typeof iden === 'string') return { ok: true, id: iden };
      const { message } = (error ?? {}) as { readonly message?: unknown };
      if (typeof message !== 'string') return undefined;
      const retryAfter = untilSeconds(headers['x-ratelimit-reset'], now);
      return { ok: false, code: status, message, ...(retryAfter !== undefined && { retryAfter }) };
    },
    codes: {
      400: permanent('the push is not valid'),
      ...each('401 403', misconfigured('the access token is refused')),
      404: permanent('there is no such recipient'),
      429: rateLimited('too many requests'),
    },
  },
});
