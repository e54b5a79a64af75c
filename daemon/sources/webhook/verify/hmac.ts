import { strict } from '../../../core/schema/fields.ts';
import { Type } from '../../../core/schema/type.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { HookRequest } from '../../source.ts';
import { defineScheme, type Proof } from './scheme.ts';
import { matches, secretsSetting } from '../../kit/secrets.ts';
import { hmacOf } from './signature.ts';

type Algorithm = 'sha1' | 'sha256' | 'sha512';
type Encoding = 'hex' | 'base64';

interface Form {
  readonly header: string;
  readonly algorithm: Algorithm;
  readonly encoding: Encoding;
  readonly prefix: string;
}

/** A keyed hash of the body in a header, which many services send. */
export const hmac = defineScheme({
  name: 'hmac',
  setting: strict(
    {
      header: Type.String({
        description: 'The header with the signature.',
        examples: ['X-Signature'],
        pattern: String.raw`^[\w-]+$`,
      }),
      algorithm: Type.Optional(
        Type.Unsafe<Algorithm>({
          type: 'string',
          enum: ['sha1', 'sha256', 'sha512'],
          description: 'The hash.',
          examples: ['sha512'],
          default: 'sha256',
        }),
      ),
      encoding: Type.Optional(
        Type.Unsafe<Encoding>({
          type: 'string',
          enum: ['hex', 'base64'],
          description: 'The encoding of the signature.',
          examples: ['base64'],
          default: 'hex',
        }),
      ),
      prefix: Type.Optional(
        Type.String({ description: 'Text before the signature.', examples: ['sha256='], default: '' }),
      ),
      secret: secretsSetting('The key.', '${env:HOOK_SECRET}'),
    },
    { description: 'A keyed hash of the body in a header.' },
  ),
  secrets: ({ secret }) => secret,
  credentials: ({ header }) => [header.toLowerCase()],
  open: ({ header, algorithm = 'sha256', encoding = 'hex', prefix = '', secret }) => ({
    verify: (request) => verifyBody(request, secret, { header: header.toLowerCase(), algorithm, encoding, prefix }),
  }),
});

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries */
export const github = defineScheme({
  name: 'github',
  setting: secretsSetting('The secret of the GitHub webhook.', '${env:GITHUB_WEBHOOK_SECRET}'),
  open: (secrets) => ({
    verify: (request) =>
      verifyBody(request, secrets, {
        header: 'x-hub-signature-256',
        algorithm: 'sha256',
        encoding: 'hex',
        prefix: 'sha256=',
      }),
    // For webhooks with the content type `application/x-www-form-urlencoded`.
    formField: 'payload',
    deliveryId: ({ headers }) => headers['x-github-delivery'],
  }),
});

function verifyBody({ headers, body }: HookRequest, secrets: readonly Secret[], form: Form): Proof | undefined {
  const { header, algorithm, encoding, prefix } = form;
  const value = headers[header]?.trim() ?? '';
  const written = value.startsWith(prefix) ? value.slice(prefix.length) : '';
  const given = encoding === 'hex' ? written.toLowerCase() : written;
  const expected = (secret: string) => hmacOf(algorithm, secret, body).toString(encoding);
  return matches(given === '' ? [] : [given], secrets, expected) ? {} : undefined;
}
