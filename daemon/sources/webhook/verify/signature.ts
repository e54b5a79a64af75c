import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { oneOrMany, secret } from '../../../core/schema/fields.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';

/** How far a signed timestamp may be from our clock, in milliseconds. */
export const WINDOW = 5 * 60_000;
/** A header with more signatures than this is not looked at. */
const MOST_SIGNATURES = 32;

/** One secret, or several while it is being changed. */
export const secretsSetting = (description: string, example: string) =>
  oneOrMany(secret({ description: 'One secret.', examples: [example] }), {
    description: `${description} Several while it is being changed.`,
    examples: [example, [example.replace('}', '_NEW}'), example.replace('}', '_OLD}')]],
  });

/** Takes the same time wherever and by whatever length the two differ. */
export function same(given: string | Buffer, expected: string | Buffer): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

/** Whether one of what is given is what one of the secrets makes expected. Every pair is compared, so that time tells nothing. */
export function matches(
  given: readonly string[],
  secrets: readonly Secret[],
  expected: (secret: string) => string | Buffer,
): boolean {
  if (given.length > MOST_SIGNATURES) return false;
  let found = false;
  for (const secret of secrets) {
    const wanted = expected(secret.reveal());
    // A missing one is compared too, or it would be told from a wrong one.
    for (const one of given.length === 0 ? [''] : given) found = same(one, wanted) || found;
  }
  return found && given.length > 0;
}

export function hmacOf(algorithm: string, secret: string | Buffer, ...parts: readonly (string | Buffer)[]): Buffer {
  const hmac = createHmac(algorithm, secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** A timestamp in whole units of `unit` milliseconds, as milliseconds, if it is within the window around `now`. */
export function freshTime(text: string | undefined, unit: 1 | 1000, now: number): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  const time = Number(text) * unit;
  return Math.abs(now - time) <= WINDOW ? time : undefined;
}

function digest(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}
