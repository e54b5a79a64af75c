import { isObject } from '../../../core/values/json.ts';
import type { HookRequest } from '../../source.ts';
import { defineScheme, type Proof, urlVerification } from './scheme.ts';
import { matches, secretsSetting } from '../../kit/secrets.ts';
import { freshTime, hmacOf, WINDOW_MS } from './signature.ts';

/** https://docs.slack.dev/authentication/verifying-requests-from-slack */
export const slack = defineScheme({
  name: 'slack',
  setting: secretsSetting('The signing secret of the Slack app.', '${env:SLACK_SIGNING_SECRET}'),
  open: (secrets) => ({
    verify({ headers, body }: HookRequest, now: number): Proof | undefined {
      const timestamp = headers['x-slack-request-timestamp'] ?? '';
      const signature = headers['x-slack-signature'];
      const expected = (secret: string) => `v0=${hmacOf('sha256', secret, `v0:${timestamp}:`, body).toString('hex')}`;
      const signed = matches(signature === undefined ? [] : [signature.toLowerCase()], secrets, expected);
      const time = freshTime(timestamp, 1000, now);
      if (!signed || time === undefined) return undefined;
      return { replayGuard: { content: Buffer.concat([Buffer.from(`${timestamp}:`), body]), until: time + WINDOW_MS } };
    },
    deliveryId: (_request, body) => (isObject(body) && typeof body.event_id === 'string' ? body.event_id : undefined),
    // For interactions (https://docs.slack.dev/interactivity/handling-user-interaction); slash commands are forms without it.
    formField: 'payload',
    challenge: urlVerification,
  }),
});
