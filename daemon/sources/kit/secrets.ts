import { createHash, timingSafeEqual } from 'node:crypto';
import { oneOrMany, secret } from '../../core/schema/fields.ts';
import type { Secret } from '../../lib/secrets/secret.ts';
import type { HookRequest, SettingProblem } from '../source.ts';

/** A header with more signatures is refused. */
export const MAX_SIGNATURES = 32;

/** Setting of one secret, or of several during a rotation. */
export const secretsSetting = (description: string, example: string) =>
  oneOrMany(secret({ description: 'One secret.', examples: [example] }), {
    description: `${description} Several during a rotation.`,
    examples: [example, [example.replace('}', '_NEW}'), example.replace('}', '_OLD}')]],
  });

/** Refuses empty secrets: everybody knows them. */
export function checkSecrets(secrets: readonly Secret[], pointer: string): readonly SettingProblem[] {
  if (secrets.every((one) => one.reveal().trim() !== '')) return [];
  const mend = 'set the variable or the file that it comes from';
  return [{ pointer, message: 'a secret is empty, so anybody could sign with it', mend }];
}

/** Compares in constant time, for texts of any length. */
export function same(given: string | Buffer, expected: string | Buffer): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

/** Whether one of the given signatures is the expected one for one of the secrets. Compares every pair, so that the time reveals nothing. */
export function matches(
  given: readonly string[],
  secrets: readonly Secret[],
  expected: (secret: string) => string | Buffer,
): boolean {
  if (given.length > MAX_SIGNATURES) return false;
  let found = false;
  for (const one of secrets) {
    const wanted = expected(one.reveal());
    // Without a signature an empty one is compared, so that the time is the same as for a wrong one.
    for (const text of given.length === 0 ? [''] : given) found = same(text, wanted) || found;
  }
  return found && given.length > 0;
}

/** Credentials in `Authorization` for a scheme in lower case, as a list of at most one. */
export function authorizationOf({ headers }: HookRequest, scheme: string): string[] {
  const [, given, credentials] = /^(\S+) +(\S+) *$/.exec(headers.authorization ?? '') ?? [];
  return given?.toLowerCase() === scheme && credentials !== undefined ? [credentials] : [];
}

function digest(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}
