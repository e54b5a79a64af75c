import { createHmac } from 'node:crypto';

/** Key of a secret of Standard Webhooks, which is base64, with or without `whsec_` before it; undefined when it is not base64. */
export function standardWebhooksKey(secret: string): Buffer | undefined {
  const base64 = secret.replace(/^whsec_/, '');
  return /^[A-Za-z0-9+/]{8,}={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined;
}

/**
 * Signature of a webhook over its id, its timestamp (Unix seconds) and its body.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function standardWebhooksSignature(key: Buffer, id: string, timestamp: string, body: Buffer): string {
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`;
}
