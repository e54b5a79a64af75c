import type { SettingProblem } from '../../core/compile/registry.ts';
import { oneOrMany, secret, strict } from '../../core/schema/fields.ts';
import { type Static, Type } from '../../core/schema/type.ts';
import { standardWebhooksKey } from '../../lib/standard-webhooks.ts';
import { HMAC_ALGORITHMS, HMAC_ENCODINGS, hmac, standardWebhooks } from '../kit/signing/hmac.ts';

/** Setting `sign`. */
export const signSetting = strict(
  {
    standard_webhooks: Type.Optional(
      oneOrMany(secret({ description: 'One secret, as `whsec_` and base64.', examples: ['${env:HOOK_SECRET}'] }), {
        description:
          'Signs by Standard Webhooks. Several secrets give several signatures: use two while you change from one to the other.',
        examples: ['${env:HOOK_SECRET}', ['${env:HOOK_SECRET_NEW}', '${env:HOOK_SECRET_OLD}']],
      }),
    ),
    hmac: Type.Optional(
      strict(
        {
          header: Type.String({
            description: 'Name of the header with the signature.',
            examples: ['X-Hub-Signature-256'],
            pattern: String.raw`^[\w-]+$`,
          }),
          secret: secret({ description: 'The key.', examples: ['${env:HOOK_SECRET}'] }),
          algorithm: Type.Optional(
            Type.Unsafe<(typeof HMAC_ALGORITHMS)[number]>({
              type: 'string',
              enum: [...HMAC_ALGORITHMS],
              description: 'The hash.',
              examples: ['sha256'],
              default: 'sha256',
            }),
          ),
          encoding: Type.Optional(
            Type.Unsafe<(typeof HMAC_ENCODINGS)[number]>({
              type: 'string',
              enum: [...HMAC_ENCODINGS],
              description: 'Encoding of the signature.',
              examples: ['base64'],
              default: 'hex',
            }),
          ),
          prefix: Type.Optional(
            Type.String({ description: 'Text before the signature.', examples: ['sha256='], default: '' }),
          ),
        },
        { description: 'Signs the body as GitHub and many others do.' },
      ),
    ),
  },
  { description: 'Signs each request, so that the receiver can check that it comes from this daemon.' },
);

export type SignSetting = Static<typeof signSetting>;

export function checkSign(sign: SignSetting | undefined): SettingProblem[] {
  if (sign === undefined) return [];
  if (sign.standard_webhooks === undefined && sign.hmac === undefined)
    return [{ pointer: '/sign', message: '`sign` has no setting', mend: 'give `standard_webhooks` or `hmac`' }];
  return (sign.standard_webhooks ?? []).flatMap((key, index) =>
    standardWebhooksKey(key.reveal()) === undefined
      ? [
          {
            pointer: `/sign/standard_webhooks/${index}`,
            message: 'this is not a secret of Standard Webhooks',
            mend: 'write `whsec_` and base64',
          },
        ]
      : [],
  );
}

/** Headers with the signatures of a body. `now`: milliseconds since the epoch. */
export function signatures(
  sign: SignSetting | undefined,
  id: string,
  body: Buffer,
  now: number,
): Record<string, string> {
  const keys = (sign?.standard_webhooks ?? []).flatMap((key) => standardWebhooksKey(key.reveal()) ?? []);
  const headers = standardWebhooks(id, Math.floor(now / 1000), body, keys);
  if (sign?.hmac === undefined) return headers;
  const { header, secret: key, algorithm = 'sha256', encoding = 'hex', prefix = '' } = sign.hmac;
  return { ...headers, [header.toLowerCase()]: hmac(key.reveal(), body, { algorithm, encoding, prefix }) };
}
