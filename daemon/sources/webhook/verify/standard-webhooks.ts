import type { Secret } from '../../../lib/secrets/secret.ts';
import { standardWebhooksKey, standardWebhooksSignature } from '../../../lib/standard-webhooks.ts';
import type { HookRequest } from '../../source.ts';
import { defineScheme, type Proof } from './scheme.ts';
import { matches, secretsSetting } from '../../kit/secrets.ts';
import { freshTime, WINDOW_MS } from './signature.ts';

/** No dot: it separates the parts of the signed content, so they would be ambiguous. */
const ID = /^[\x21-\x2d\x2f-\x7e]{1,256}$/;

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
export const standardWebhooks = defineScheme({
  name: 'standard_webhooks',
  setting: secretsSetting('The secret, as `whsec_` and base64.', '${env:HOOK_SECRET}'),
  check: (secrets) =>
    secrets.every((secret) => isStandardSecret(secret.reveal()))
      ? []
      : [{ pointer: '', message: 'this is not a secret of Standard Webhooks', mend: 'it is `whsec_` and base64' }],
  open: (secrets) => ({
    verify: (request, now) => verifyStandard(request, secrets, now),
    deliveryId: ({ headers }) => headers['webhook-id'],
  }),
});

export function isStandardSecret(secret: string): boolean {
  return standardWebhooksKey(secret) !== undefined;
}

/** Verifies a request. The secrets must be valid ones. */
export function verifyStandard(
  { headers, body }: HookRequest,
  secrets: readonly Secret[],
  now: number,
): Proof | undefined {
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  const given = (headers['webhook-signature'] ?? '').split(' ').filter((part) => part.startsWith('v1,'));
  const expected = (secret: string) => standardWebhooksSignature(standardWebhooksKey(secret)!, id, timestamp, body);
  const signed = matches(given, secrets, expected);
  const time = freshTime(timestamp, 1000, now);
  if (!signed || time === undefined || !ID.test(id)) return undefined;
  const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), body]);
  return { replayGuard: { content, until: time + WINDOW_MS } };
}
