import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { oneOrMany, secret } from '../../../core/schema/fields.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';

/** Greatest difference between a signed timestamp and the clock. */
export const WINDOW_MS = 5 * 60_000;
/** A header with more signatures is refused. */
const MAX_SIGNATURES = 32;

/** Setting of one secret, or of several during a rotation. */
export const secretsSetting = (description: string, example: string) =>
  oneOrMany(secret({ description: 'One secret.', examples: [example] }), {
    description: `${description} Several during a rotation.`,
    examples: [example, [example.replace('}', '_NEW}'), example.replace('}', '_OLD}')]],
  });

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
  for (const secret of secrets) {
    const wanted = expected(secret.reveal());
    // Without a signature an empty one is compared, so that the time is the same as for a wrong one.
    for (const one of given.length === 0 ? [''] : given) found = same(one, wanted) || found;
  }
  return found && given.length > 0;
}

export function hmacOf(algorithm: string, secret: string | Buffer, ...parts: readonly (string | Buffer)[]): Buffer {
  const hmac = createHmac(algorithm, secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}

/** A timestamp in units of `unit` milliseconds, converted to milliseconds; undefined if it is not within the window around `now`. */
export function freshTime(text: string | undefined, unit: 1 | 1000, now: number): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  const time = Number(text) * unit;
  return Math.abs(now - time) <= WINDOW_MS ? time : undefined;
}

function digest(value: string | Buffer): Buffer {
  return createHash('sha256').update(value).digest();
}
