import { createHmac } from 'node:crypto';

export type HmacAlgorithm = 'sha1' | 'sha256' | 'sha384' | 'sha512';
export type HmacEncoding = 'hex' | 'base64' | 'base64url';

export const HMAC_ALGORITHMS: readonly HmacAlgorithm[] = ['sha1', 'sha256', 'sha384', 'sha512'];
export const HMAC_ENCODINGS: readonly HmacEncoding[] = ['hex', 'base64', 'base64url'];

export interface HmacForm {
  readonly algorithm: HmacAlgorithm;
  readonly encoding: HmacEncoding;
  /** Stands before the signature, as `sha256=` does at GitHub. */
  readonly prefix: string;
}

export function hmac(
  secret: string | Buffer,
  content: string | Buffer,
  { algorithm, encoding, prefix }: HmacForm,
): string {
  return prefix + createHmac(algorithm, secret).update(content).digest(encoding);
}

/** The key bytes of a Standard Webhooks secret: base64, with or without `whsec_` in front; undefined when it is not base64. */
export function standardWebhooksKey(secret: string): Buffer | undefined {
  const base64 = secret.replace(/^whsec_/, '');
  return /^[A-Za-z0-9+/]{8,}={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

/**
 * The three headers of a signed webhook. The id is that of the message and stays, the timestamp (Unix seconds) is that of the
 * attempt; several keys give several signatures, so that the receiver's secret can be changed at leisure.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function standardWebhooks(
  id: string,
  timestamp: number,
  content: Buffer,
  keys: readonly Buffer[],
): Record<string, string> {
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`, 'utf8'), content]);
  const form: HmacForm = { algorithm: 'sha256', encoding: 'base64', prefix: 'v1,' };
  return {
    'webhook-id': id,
    'webhook-timestamp': `${timestamp}`,
    ...(keys.length > 0 && { 'webhook-signature': keys.map((key) => hmac(key, signed, form)).join(' ') }),
  };
}
