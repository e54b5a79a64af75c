import { createDecipheriv, createECDH, createHmac, createPublicKey, randomBytes, verify } from 'node:crypto';
import type { WebPushSubscription } from '../../daemon/core/delivery/web-push.ts';
import type { ReceivedRequest } from './test-server.ts';

const hmac = (key: Buffer, ...parts: readonly (Buffer | string)[]): Buffer => {
  const digest = createHmac('sha256', key);
  for (const part of parts) digest.update(part);
  return digest.digest();
};
const ONE = Buffer.from([1]);

/** A browser that subscribes and decrypts, written from RFC 8291 and RFC 8188 without the code under test. */
export class TestBrowser {
  readonly #key = createECDH('prime256v1');
  readonly #auth: Buffer;

  constructor(keys?: { readonly privateKey: string; readonly auth: string }) {
    if (keys === undefined) this.#key.generateKeys();
    else this.#key.setPrivateKey(Buffer.from(keys.privateKey, 'base64url'));
    this.#auth = keys === undefined ? randomBytes(16) : Buffer.from(keys.auth, 'base64url');
  }

  subscription(endpoint: string, at = 1): WebPushSubscription {
    return { endpoint, ...this.keys, page: 'https://belfry.test/v1/webpush', at };
  }

  get keys(): { readonly p256dh: string; readonly auth: string } {
    return { p256dh: this.#key.getPublicKey('base64url'), auth: this.#auth.toString('base64url') };
  }

  decrypt(message: Buffer): string {
    const salt = message.subarray(0, 16);
    const recordSize = message.readUInt32BE(16);
    const length = message.readUInt8(20);
    const sender = message.subarray(21, 21 + length);
    const record = message.subarray(21 + length);
    if (length !== 65 || record.length > recordSize) throw new Error('the header is not that of one record');
    const extracted = hmac(this.#auth, this.#key.computeSecret(sender));
    const info = Buffer.concat([Buffer.from('WebPush: info\0'), this.#key.getPublicKey(), sender]);
    const secret = hmac(salt, hmac(extracted, info, ONE));
    const key = hmac(secret, 'Content-Encoding: aes128gcm\0', ONE).subarray(0, 16);
    const nonce = hmac(secret, 'Content-Encoding: nonce\0', ONE).subarray(0, 12);
    const decipher = createDecipheriv('aes-128-gcm', key, nonce);
    decipher.setAuthTag(record.subarray(-16));
    const text = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()]);
    const end = text.lastIndexOf(2);
    if (end === -1 || text.subarray(end + 1).some((byte) => byte !== 0)) throw new Error('the record has no end');
    return text.subarray(0, end).toString('utf8');
  }
}

/** Claims of the VAPID proof of a request; throws if the signature is wrong. RFC 8292 */
export function vapidClaims({ headers }: ReceivedRequest): { readonly claims: unknown; readonly key: string } {
  const { token, key } = /^vapid t=(?<token>[\w.-]+), k=(?<key>[\w-]+)$/.exec(headers.authorization ?? '')!.groups!;
  const [head, body, signature] = token!.split('.') as [string, string, string];
  const point = Buffer.from(key!, 'base64url');
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key: publicKey, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!isSigned) throw new Error('the signature is wrong');
  return { claims: JSON.parse(Buffer.from(body, 'base64url').toString()), key: key! };
}
