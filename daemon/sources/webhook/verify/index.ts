import { type TSchema, Type } from '../../../core/schema/type.ts';
import { checkSecrets } from '../../kit/secrets.ts';
import { basic, bearer } from './credentials.ts';
import { dingtalk } from './dingtalk.ts';
import { feishu } from './feishu.ts';
import { gitlab } from './gitlab.ts';
import { github, hmac } from './hmac.ts';
import type { SettingProblem } from '../../source.ts';
import type { Scheme, Verifier } from './scheme.ts';
import { slack } from './slack.ts';
import { standardWebhooks } from './standard-webhooks.ts';
import { stripe } from './stripe.ts';

/** All verification schemes. */
const schemes = [bearer, basic, hmac, github, gitlab, slack, stripe, standardWebhooks, dingtalk, feishu].map(
  (scheme) => scheme as unknown as Scheme,
);

/** The setting of one scheme under its name. */
export type VerifySetting = Readonly<Record<string, unknown>>;

export const verifySetting = () =>
  Type.Optional(
    Type.Unsafe<VerifySetting>(
      Type.Object(Object.fromEntries(schemes.map(({ name, setting }) => [name, Type.Optional<TSchema>(setting)])), {
        additionalProperties: false,
        minProperties: 1,
        maxProperties: 1,
        description: 'Verification of the sender: one scheme with its secrets.',
        examples: [{ github: '${env:GITHUB_WEBHOOK_SECRET}' }, { bearer: '${env:HOOK_TOKEN}' }],
      }),
    ),
  );

export interface Verification extends Verifier {
  readonly scheme: string;
  readonly credentials: readonly string[];
  readonly authenticate?: string;
  readonly isGuess?: Scheme['isGuess'];
}

function chosen(setting: VerifySetting | undefined): readonly { scheme: Scheme; given: never }[] {
  return schemes.flatMap((scheme) => {
    const given = setting?.[scheme.name];
    return given === undefined ? [] : [{ scheme, given: given as never }];
  });
}

export function checkVerify(setting: VerifySetting | undefined): readonly SettingProblem[] {
  return chosen(setting).flatMap(({ scheme, given }) =>
    [...checkSecrets(scheme.secrets?.(given) ?? given, ''), ...(scheme.check?.(given) ?? [])].map((wrong) => ({
      ...wrong,
      pointer: `/verify/${scheme.name}${wrong.pointer}`,
    })),
  );
}

/** Opens the configured scheme; undefined without `verify`, so that requests from anybody are accepted. */
export function openVerification(setting: VerifySetting | undefined): Verification | undefined {
  const [choice] = chosen(setting);
  if (choice === undefined) return undefined;
  const { scheme, given } = choice;
  return {
    ...scheme.open(given),
    scheme: scheme.name,
    credentials: scheme.credentials?.(given) ?? [],
    ...(scheme.isGuess !== undefined && { isGuess: scheme.isGuess }),
    ...(scheme.authenticate !== undefined && { authenticate: scheme.authenticate }),
  };
}
