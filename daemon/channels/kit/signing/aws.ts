import { Type } from '../../../core/schema/type.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import { type CodeMeaning, each, misconfigured, rateLimited, transient } from '../http/answers.ts';
import { key } from '../http/settings.ts';
import { type AwsKey, awsHeaders, type CloudRequest } from './cloud.ts';

/** Settings and errors of every service of Amazon. */

export const awsSettings = () => ({
  region: Type.String({
    description: 'The region of the service.',
    examples: ['eu-west-1'],
    pattern: '^[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}$',
  }),
  access_key_id: Type.String({ description: 'The id of an access key.', examples: ['${env:AWS_ACCESS_KEY_ID}'] }),
  secret_access_key: key('The secret of the access key.', '${env:AWS_SECRET_ACCESS_KEY}'),
  session_token: Type.Optional(key('The session token of temporary credentials.', '${env:AWS_SESSION_TOKEN}')),
});

export interface AwsSettings {
  readonly region: string;
  readonly access_key_id: string;
  readonly secret_access_key: Secret;
  readonly session_token?: Secret;
}

/** Base URL of a service. https://docs.aws.amazon.com/general/latest/gr/rande.html */
export const awsEndpoint = (host: string, region: string): string =>
  `https://${host}.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;

export function signedHeaders(settings: AwsSettings, service: string, request: CloudRequest): Record<string, string> {
  const { region, access_key_id, secret_access_key, session_token } = settings;
  const awsKey: AwsKey = {
    region,
    service,
    accessKeyId: access_key_id,
    secretAccessKey: secret_access_key.reveal(),
    ...(session_token !== undefined && { sessionToken: session_token.reveal() }),
  };
  return awsHeaders(awsKey, request);
}

const CLOCK = misconfigured('the clock of this machine is wrong by more than 5 minutes');

/** https://docs.aws.amazon.com/sns/latest/api/CommonErrors.html https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html */
export const AWS_CODES: Readonly<Record<string, CodeMeaning>> = {
  ...each(
    'InvalidClientTokenId UnrecognizedClientException MissingAuthenticationToken MissingAuthenticationTokenException',
    misconfigured('there is no such access key'),
  ),
  ...each(
    'SignatureDoesNotMatch InvalidSignatureException IncompleteSignature IncompleteSignatureException InvalidSecurity',
    misconfigured('the signature is wrong: look at `secret_access_key` and `region`'),
  ),
  ...each('ExpiredToken ExpiredTokenException', misconfigured('the temporary credentials have expired')),
  ...each(
    'AccessDenied AccessDeniedException AuthorizationError AuthorizationErrorException NotAuthorized OptInRequired',
    misconfigured('the access key has no right to do this'),
  ),
  RequestExpired: CLOCK,
  ...each(
    'Throttling Throttled ThrottlingException ThrottledException TooManyRequestsException RequestLimitExceeded',
    rateLimited('too many requests'),
  ),
  ...each(
    'InternalError InternalFailure InternalServiceError ServiceUnavailable ServiceUnavailableException',
    transient('the service has an error'),
  ),
};

/** A clock that is wrong gives the code of a wrong signature. */
export const clockMeaning = (message = ''): CodeMeaning | undefined =>
  /signature (?:expired|not yet current)/i.test(message) ? CLOCK : undefined;
