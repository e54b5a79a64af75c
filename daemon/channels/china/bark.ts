import { createCipheriv, randomBytes } from 'node:crypto';
import type { CipherGCM } from 'node:crypto';
import type { Message } from '../../core/message/message.ts';
import { strict } from '../../core/schema/fields.ts';
import { Type } from '../../core/schema/type.ts';
import type { Secret } from '../../lib/secrets/secret.ts';
import { alertKey, alertKeyHash } from '../kit/alert-key.ts';
import { separateParts } from '../kit/chat/parts.ts';
import { misconfigured, permanent, transient, textIn } from '../kit/http/answers.ts';
import { defineHttpChannel } from '../kit/http/define.ts';
import { key } from '../kit/http/settings.ts';
import { COMMONMARK, fitJson, fitText, layoutOf, PLAIN } from '../kit/text/layout.ts';
import { plainTitle } from '../kit/text/plain.ts';
import { cutToBytes } from '../kit/text/text.ts';

/** Bytes of the push that the server makes of the fields; Apple takes 4,096 of it. https://developer.apple.com/documentation/usernotifications/generating-a-remote-notification */
const MAX_FIELDS_BYTES = 3600;
/** The same for encrypted fields, which grow by a third. */
const MAX_ENCRYPTED_BYTES = 2600;
const MAX_TITLE_BYTES = 300;
const MAX_GROUP_BYTES = 100;
/** Bytes of the id, by which Apple replaces a notification. */
const MAX_ID_BYTES = 64;

/** https://bark.day.app/#/en-us/tutorial?id=request-parameters */
const LEVELS = { min: 'passive', low: 'passive', normal: 'active', high: 'timeSensitive', urgent: 'critical' } as const;

/** Cipher modes by the length of the IV. */
const MODES: Readonly<Record<number, 'cbc' | 'gcm'>> = { 16: 'cbc', 12: 'gcm' };
const KEY_BYTES = [16, 24, 32];

interface Encryption {
  readonly key: Secret;
  readonly iv?: Secret;
  readonly mode?: 'cbc' | 'gcm';
}

const modeOf = ({ iv, mode }: Encryption): 'cbc' | 'gcm' | undefined =>
  mode ?? (iv === undefined ? 'cbc' : MODES[Buffer.byteLength(iv.reveal())]);

/**
 * Encrypts fields: AES with PKCS #7 in CBC, or with the tag after the text in GCM. The IV is text, and a new one for each message unless it
 * is fixed. https://bark.day.app/#/en-us/encryption
 */
function encrypted(fields: unknown, encryption: Encryption): { readonly ciphertext: string; readonly iv: string } {
  const secretKey = Buffer.from(encryption.key.reveal());
  const mode = modeOf(encryption) ?? 'cbc';
  const iv = encryption.iv?.reveal() ?? randomBytes(mode === 'gcm' ? 6 : 8).toString('hex');
  const cipher = createCipheriv(`aes-${secretKey.length * 8}-${mode}`, secretKey, Buffer.from(iv));
  const text = Buffer.concat([cipher.update(JSON.stringify(fields), 'utf8'), cipher.final()]);
  const tag = mode === 'gcm' ? (cipher as CipherGCM).getAuthTag() : Buffer.alloc(0);
  return { ciphertext: Buffer.concat([text, tag]).toString('base64'), iv };
}

function checkEncryption(encryption: Encryption | undefined) {
  if (encryption === undefined) return [];
  const mode = modeOf(encryption);
  const ivBytes = encryption.iv === undefined ? undefined : Buffer.byteLength(encryption.iv.reveal());
  return [
    ...(KEY_BYTES.includes(Buffer.byteLength(encryption.key.reveal()))
      ? []
      : [
          {
            pointer: '/encryption/key',
            message: 'this is not a key of AES',
            mend: 'give 16, 24 or 32 ASCII characters, as in the app',
          },
        ]),
    ...(ivBytes === undefined || (mode !== undefined && MODES[ivBytes] === mode)
      ? []
      : [
          {
            pointer: '/encryption/iv',
            message: 'this IV has the wrong length',
            mend: 'give 16 ASCII characters for CBC or 12 for GCM, or leave it out',
          },
        ]),
  ];
}

/** Fields of a notification with a text in at most `room` bytes. */
function fieldsOf(message: Message): (room: number) => Readonly<Record<string, unknown>> {
  const { link, rest } = separateParts(message, { link: true });
  const isMarkdown = message.format === 'markdown';
  const layout = layoutOf(rest, isMarkdown ? COMMONMARK : PLAIN, { untitled: true });
  return (room) => ({
    title: cutToBytes(plainTitle(message), MAX_TITLE_BYTES),
    [isMarkdown ? 'markdown' : 'body']: fitText(layout, room),
    level: LEVELS[message.priority],
    ...(link !== undefined && { url: link }),
  });
}

/** Bark, for iOS. https://bark.day.app/#/en-us/tutorial */
export const bark = defineHttpChannel({
  type: 'bark',
  summary: 'Notifications on an iPhone or iPad, over the app Bark',
  documentation: 'https://bark.day.app/#/en-us/tutorial',
  setup: [
    'Install the app Bark, open it and allow notifications.',
    'Copy the key: the part of the shown URL after https://api.day.app/.',
    'With a server of your own (bark-server) set `api` to its address.',
  ],
  example: { key: '${env:BARK_KEY}', encryption: { key: '${env:BARK_ENCRYPTION_KEY}' } },
  api: 'https://api.day.app',
  settings: {
    key: key('The key of the device.', '${env:BARK_KEY}'),
    sound: Type.Optional(
      Type.String({ description: 'The name of a sound of the app.', examples: ['minuet'], minLength: 1 }),
    ),
    encryption: Type.Optional(
      strict(
        {
          key: key(
            'The key in 推送加密 of the app: 16, 24 or 32 ASCII characters for AES-128, 192 or 256.',
            '${env:BARK_ENCRYPTION_KEY}',
          ),
          iv: Type.Optional(
            key(
              'A fixed IV: 16 ASCII characters for CBC, 12 for GCM. If not set, each message has a new one, which is safer.',
              '${env:BARK_ENCRYPTION_IV}',
            ),
          ),
          mode: Type.Optional(
            Type.Unsafe<'cbc' | 'gcm'>({
              type: 'string',
              enum: ['cbc', 'gcm'],
              description:
                'Mode of the cipher, as in the app. If not set, it follows from the length of `iv`, and is CBC without one.',
              examples: ['gcm'],
            }),
          ),
        },
        {
          description: 'Encrypts title, text and link for the app, so that neither the server nor Apple can read them.',
        },
      ),
    ),
  },
  keys: { key: 'api.day.app/' },
  limits: { text: '3,600 bytes, 2,600 if encrypted' },
  supports: { kept: 'markdown priority link replace_key', text: 'html image actions fields' },
  // A repeated notification replaces the first one, since it has the same id.
  idempotent: true,
  markup: COMMONMARK,
  check: ({ encryption }) => checkEncryption(encryption),
  request(message, { settings, api, io: { delivery } }) {
    const { encryption, sound } = settings;
    const fields = fieldsOf(message);
    const build = (room: number) => ({
      ...fields(room),
      group: cutToBytes(delivery.key || delivery.rule, MAX_GROUP_BYTES),
      ...(sound !== undefined && { sound }),
    });
    const address = (keyOf: typeof alertKeyHash) => ({
      device_key: settings.key.reveal(),
      id: message.replace_key === undefined ? delivery.id : keyOf(message, delivery),
    });
    if (encryption !== undefined) {
      // The id is not encrypted, because the server needs it.
      const text = encrypted(fitJson(build, MAX_ENCRYPTED_BYTES), encryption);
      return { url: `${api}/push`, json: { ...address(alertKeyHash), ...text } };
    }
    const own = address((...args) => alertKey(...args, MAX_ID_BYTES));
    return { url: `${api}/push`, json: fitJson((room) => ({ ...own, ...build(room) }), MAX_FIELDS_BYTES) };
  },
  answers: {
    read({ json: { code, message } }) {
      if (code === 200) return { ok: true };
      return typeof code === 'number' ? { ok: false, code, message: textIn(message) } : undefined;
    },
    // The server has a code for the kind of an error only. https://github.com/Finb/bark-server/blob/master/route_push.go
    meaning({ code, message = '' }) {
      if (code === 400 && /device key|device token/i.test(message)) return misconfigured('there is no such key');
      if (code !== 500) return undefined;
      if (/BadDeviceToken|Unregistered|DeviceTokenNotForTopic|ExpiredToken/.test(message))
        return misconfigured('the device is not registered any more');
      return /PayloadTooLarge|BadCollapseId/.test(message) ? permanent('Apple refuses the notification') : undefined;
    },
    codes: { 400: permanent('the request is not valid'), 500: transient('the server or Apple has an error') },
  },
});
