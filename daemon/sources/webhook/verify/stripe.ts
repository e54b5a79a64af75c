import { isObject } from '../../../core/values/json.ts';
import type { HookRequest } from '../../source.ts';
import { defineScheme, type Proof } from './scheme.ts';
import { matches, secretsSetting } from '../../kit/secrets.ts';
import { freshTime, hmacOf, WINDOW_MS } from './signature.ts';

/** https://docs.stripe.com/webhooks#verify-manually */
export const stripe = defineScheme({
  name: 'stripe',
  setting: secretsSetting('The signing secret of the Stripe endpoint.', '${env:STRIPE_WEBHOOK_SECRET}'),
  open: (secrets) => ({
    verify({ headers, body }: HookRequest, now: number): Proof | undefined {
      // t=1492774577,v1=5257a869...,v1=...,v0=...
      const parts = (headers['stripe-signature'] ?? '').split(',').map((part) => part.trim());
      const valuesOf = (key: string) =>
        parts.filter((part) => part.startsWith(key)).map((part) => part.slice(key.length));
      const [timestamp = '', second] = valuesOf('t=');
      const expected = (secret: string) => hmacOf('sha256', secret, `${timestamp}.`, body).toString('hex');
      const signed = matches(valuesOf('v1='), secrets, expected);
      const time = freshTime(timestamp, 1000, now);
      if (!signed || time === undefined || second !== undefined) return undefined;
      return { replayGuard: { content: Buffer.concat([Buffer.from(`${timestamp}.`), body]), until: time + WINDOW_MS } };
    },
    // The number of endpoints that have not accepted the event yet (https://docs.stripe.com/api/events/object).
    volatileFields: ['pending_webhooks'],
    deliveryId: (_request, body) => (isObject(body) && typeof body.id === 'string' ? body.id : undefined),
  }),
});
