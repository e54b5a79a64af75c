import { createHmac } from 'node:crypto';
import { standardWebhooksSignature } from '../../../lib/standard-webhooks.ts';

export type HmacAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512';
export type HmacEncoding = 'hex' | 'base64' | 'base64url';

export const HMAC_ALGORITHMS: readonly HmacAlgorithm[] = ['sha1', 'sha256', 'sha384', 'sha512'];
export const HMAC_ENCODINGS: readonly HmacEncoding[] = ['hex', 'base64', 'base64url'];

export interface HmacForm {
  readonly algorithm: HmacAlgorithm;
  readonly encoding: HmacEncoding;
  /** Text before the signature, such as `sha256=` at GitHub. */
  readonly prefix: string;
}

export function hmac(
  secret: string | Buffer,
  content: string | Buffer,
  { algorithm, encoding, prefix }: HmacForm,
): string {
  return prefix + createHmac(algorithm, secret).update(content).digest(encoding);
}

/**
 * The three headers of a signed webhook. The id is that of the message in each attempt, the timestamp (Unix seconds) is that of the
 * attempt. Several keys give several signatures, so that the receiver can replace its secret at any time.
 */
export function standardWebhooks(
  id: string,
  timestamp: number,
  body: Buffer,
  keys: readonly Buffer[],
): Record<string, string> {
  const signatures = keys.map((key) => standardWebhooksSignature(key, id, `${timestamp}`, body));
  return {
    'webhook-id': id,
    'webhook-timestamp': `${timestamp}`,
    ...(keys.length > 0 && { 'webhook-signature': signatures.join(' ') }),
  };
}
