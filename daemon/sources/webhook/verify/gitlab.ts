import { createHash } from 'node:crypto';
import type { HookRequest } from '../../source.ts';
import { defineScheme } from './scheme.ts';
import { matches, secretsSetting } from '../../kit/secrets.ts';
import { isStandardSecret, verifyStandard } from './standard-webhooks.ts';

/**
 * A signing token (`whsec_...`, GitLab 19 and later) signs as in Standard Webhooks; a secret token is sent unchanged. With one of
 * each in the list a webhook can be migrated. https://docs.gitlab.com/user/project/integrations/webhooks/
 */
export const gitlab = defineScheme({
  name: 'gitlab',
  setting: secretsSetting(
    'The signing token or the secret token of the GitLab webhook.',
    '${env:GITLAB_WEBHOOK_TOKEN}',
  ),
  isGuess: ({ headers }) => headers['x-gitlab-token'] !== undefined,
  open(secrets) {
    const signing = secrets.filter((secret) => isSigningToken(secret.reveal()));
    const sent = secrets.filter((secret) => !isSigningToken(secret.reveal()));
    return {
      verify(request, now) {
        const token = request.headers['x-gitlab-token'];
        const isKnown = matches(token === undefined ? [] : [token], sent, (secret) => secret);
        return verifyStandard(request, signing, now) ?? (isKnown ? {} : undefined);
      },
      deliveryId,
    };
  },
});

const isSigningToken = (secret: string): boolean => secret.startsWith('whsec_') && isStandardSecret(secret);

/** Servers before 17.4 send only the id of the event, which it shares with events that it triggers; so the body is added as a hash. */
function deliveryId({ headers, body }: HookRequest): string | undefined {
  const event = headers['x-gitlab-event-uuid'];
  const fallback =
    event === undefined ? undefined : `${event}:${createHash('sha256').update(body).digest('base64url')}`;
  return headers['webhook-id'] ?? headers['idempotency-key'] ?? fallback;
}
