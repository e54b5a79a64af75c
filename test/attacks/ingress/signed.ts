import { createHmac } from 'node:crypto';
import type { SendOptions } from '../support/send.ts';

export const KEY = Buffer.from('a key of an attack that is 32 b.');
export const SECRET = `whsec_${KEY.toString('base64')}`;
export const OLD_KEY = Buffer.from('the key before it, of 32 bytes..');
export const OLD_SECRET = `whsec_${OLD_KEY.toString('base64')}`;
export const GITHUB_SECRET = 'secret-of-the-github-hook';

export const secondsNow = (): number => Math.floor(Date.now() / 1000);

export function signatureOf(id: string, timestamp: string, body: string, key: Buffer = KEY): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}

interface Signed {
  readonly id?: string;
  readonly timestamp?: string;
  readonly body?: string;
  readonly key?: Buffer;
  /** Replaces the header with the signature. */
  readonly signature?: string;
}

let count = 0;

/** A request that is signed as Standard Webhooks says; each has an id of its own. */
export function signed({
  id = `msg_${(count += 1)}`,
  timestamp = `${secondsNow()}`,
  body = '{}',
  key,
  signature,
}: Signed = {}): SendOptions {
  return {
    body,
    headers: {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signature ?? signatureOf(id, timestamp, body, key),
    },
  };
}

export function githubSignature(body: string, algorithm = 'sha256'): string {
  return `${algorithm}=${createHmac(algorithm, GITHUB_SECRET).update(body).digest('hex')}`;
}
