import { createCipheriv, createECDH, createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { WebPushSubscription } from '../../../core/delivery/web-push.ts';

/** Largest encrypted message that every push service takes. https://www.rfc-editor.org/rfc/rfc8030#section-7.2 */
const MAX_MESSAGE_BYTES = 4096;
const SALT_BYTES = 16;
const POINT_BYTES = 65;
/** Salt, record size, length of the key and key, before the only record. https://www.rfc-editor.org/rfc/rfc8188#section-2.1 */
const HEADER_BYTES = SALT_BYTES + 4 + 1 + POINT_BYTES;
const TAG_BYTES = 16;
/** Byte after the text of the last record. */
const LAST_RECORD = 0x02;

/** Bytes of text that fit into one message. */
export const MAX_TEXT_BYTES = MAX_MESSAGE_BYTES - HEADER_BYTES - TAG_BYTES - 1;

const CURVE = 'prime256v1';
const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64url');

/** Random values of one message; given only to check the vector of the RFC. */
export interface MessageRandom {
  readonly salt: Buffer;
  /** Scalar of a P-256 key. */
  readonly privateKey: Buffer;
}

/** Encrypts a text of at most `MAX_TEXT_BYTES` for a browser, as `aes128gcm`. https://www.rfc-editor.org/rfc/rfc8291#section-3 */
export function encrypt(
  text: Buffer,
  { p256dh, auth }: Pick<WebPushSubscription, 'p256dh' | 'auth'>,
  random?: MessageRandom,
): Buffer {
  const ecdh = createECDH(CURVE);
  if (random === undefined) ecdh.generateKeys();
  else ecdh.setPrivateKey(random.privateKey);
  const [browserKey, ownKey] = [bytesOf(p256dh), ecdh.getPublicKey()];
  const salt = random?.salt ?? randomBytes(SALT_BYTES);
  const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), browserKey, ownKey]);
  const secret = derive(ecdh.computeSecret(browserKey), bytesOf(auth), keyInfo, 32);
  const key = derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16);
  const nonce = derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12);
  const cipher = createCipheriv('aes-128-gcm', key, nonce);
  const record = Buffer.concat([cipher.update(text), cipher.update(Buffer.from([LAST_RECORD])), cipher.final()]);
  const sizes = Buffer.alloc(5);
  sizes.writeUInt32BE(MAX_MESSAGE_BYTES);
  sizes.writeUInt8(POINT_BYTES, 4);
  return Buffer.concat([salt, sizes, ownKey, record, cipher.getAuthTag()]);
}

const derive = (secret: Buffer, salt: Buffer, info: Buffer, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, salt, info, length));

/** Topic by which a push service replaces an undelivered message: at most 32 characters of base64url. https://www.rfc-editor.org/rfc/rfc8030#section-5.4 */
export const topicOf = (replaceKey: string): string =>
  createHash('sha256').update(replaceKey).digest('base64url').slice(0, 32);
