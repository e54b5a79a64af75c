import { createDecipheriv, createHash } from 'node:crypto';
import { isObject, type Json, parseJson } from '../../../core/values/json.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { HookRequest } from '../../source.ts';
import { defineScheme, type Proof, urlVerification } from './scheme.ts';
import { matches, secretsSetting } from '../../kit/secrets.ts';
import { freshTime, WINDOW_MS } from './signature.ts';

/** https://open.feishu.cn/document/event-subscription-guide/event-subscriptions/event-subscription-configure-/request-url-configuration-case */
export const feishu = defineScheme({
  name: 'feishu',
  setting: secretsSetting('The Encrypt Key of the Feishu app.', '${env:FEISHU_ENCRYPT_KEY}'),
  open: (secrets) => ({
    verify: (request, now) => verifySignature(request, secrets, now) ?? verifyChallenge(request, secrets),
    decode: (body) => decrypted(body, secrets),
    deliveryId: (_request, body) => eventId(body),
    challenge: urlVerification,
  }),
});

function verifySignature({ headers, body }: HookRequest, secrets: readonly Secret[], now: number): Proof | undefined {
  const timestamp = headers['x-lark-request-timestamp'] ?? '';
  const nonce = headers['x-lark-request-nonce'] ?? '';
  const signature = headers['x-lark-signature'];
  const expected = (secret: string) =>
    createHash('sha256').update(`${timestamp}${nonce}${secret}`).update(body).digest('hex');
  const signed = matches(signature === undefined ? [] : [signature.toLowerCase()], secrets, expected);
  const time = freshTime(timestamp, 1000, now);
  if (!signed || time === undefined) return undefined;
  return {
    replayGuard: { content: Buffer.concat([Buffer.from(`${timestamp}${nonce}`), body]), until: time + WINDOW_MS },
  };
}

/** The challenge has no signature, but is encrypted with the key. */
function verifyChallenge({ body }: HookRequest, secrets: readonly Secret[]): Proof | undefined {
  const outer = parsed(body.toString('utf8'));
  const inner = isObject(outer) && typeof outer.encrypt === 'string' ? decrypted(outer as Json, secrets) : undefined;
  return inner !== undefined && urlVerification(inner) !== undefined ? { challengeOnly: true } : undefined;
}

/** Decrypts `{encrypt}`: AES-256-CBC with the hash of the key; the first block is the initialisation vector. */
function decrypted(body: Json, secrets: readonly Secret[]): Json {
  if (!isObject(body) || typeof body.encrypt !== 'string') return body;
  const bytes = Buffer.from(body.encrypt, 'base64');
  for (const secret of secrets) {
    const inner = decryptedBy(secret, bytes);
    if (isObject(inner)) return inner as Json;
  }
  return body;
}

function decryptedBy(secret: Secret, bytes: Buffer): unknown {
  try {
    const key = createHash('sha256').update(secret.reveal()).digest();
    const decipher = createDecipheriv('aes-256-cbc', key, bytes.subarray(0, 16));
    return parsed(Buffer.concat([decipher.update(bytes.subarray(16)), decipher.final()]).toString('utf8'));
  } catch {
    return undefined;
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** Version 2 has the id in the header, version 1 has `uuid`. */
function eventId(body: Json): string | undefined {
  if (!isObject(body)) return undefined;
  const id = isObject(body.header) ? body.header.event_id : body.uuid;
  return typeof id === 'string' ? id : undefined;
}
