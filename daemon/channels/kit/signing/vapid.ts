import { createECDH, createPrivateKey, type KeyObject, sign } from 'node:crypto';
import type { VapidKeys } from '../../../core/delivery/web-push.ts';

/** Time for which a proof is valid; push services accept at most 24 h. */
const PROOF_SECONDS = 12 * 60 * 60;

/** Value of `Authorization` for a push service. `contact` is an address of the operator; `now` in milliseconds. https://www.rfc-editor.org/rfc/rfc8292#section-3 */
export function vapidAuthorization(keys: VapidKeys, endpoint: string, contact: string, now: number): string {
  const claims = { aud: new URL(endpoint).origin, exp: Math.floor(now / 1000) + PROOF_SECONDS, sub: contact };
  const content = [{ typ: 'JWT', alg: 'ES256' }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  const signature = sign('sha256', Buffer.from(content), { key: signingKey(keys), dsaEncoding: 'ieee-p1363' });
  return `vapid t=${content}.${signature.toString('base64url')}, k=${keys.publicKey}`;
}

function signingKey({ publicKey, privateKey }: VapidKeys): KeyObject {
  const point = Buffer.from(publicKey, 'base64url');
  const coordinate = (from: number): string => point.subarray(from, from + 32).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: coordinate(1), y: coordinate(33), d: privateKey };
  return createPrivateKey({ key: jwk, format: 'jwk' });
}

export function newVapidKeys(): VapidKeys {
  const ecdh = createECDH('prime256v1');
  ecdh.generateKeys();
  // A scalar with leading zeros is shorter than a JWK allows.
  const scalar = Buffer.from(ecdh.getPrivateKey('hex').padStart(64, '0'), 'hex');
  return { publicKey: ecdh.getPublicKey('base64url'), privateKey: scalar.toString('base64url') };
}
