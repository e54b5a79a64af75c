import { createHmac } from 'node:crypto';

/** Greatest difference between a signed timestamp and the clock. */
export const WINDOW_MS = 5 * 60_000;

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
