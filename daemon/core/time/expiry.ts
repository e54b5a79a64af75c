import { readInstant } from './due-times.ts';

const DAY_MS = 86_400_000;
/** Time before the end of a token from which users are warned. */
export const EXPIRY_WARNING_MS = 14 * DAY_MS;

/**
 * Reads the end of a token: a time with its offset, or a date, which is the last day (UTC) on which the token is valid. Milliseconds since
 * the epoch; undefined if it is neither.
 */
export function readExpiry(text: string): number | undefined {
  const isDate = /^\d{4}-\d{2}-\d{2}$/.test(text);
  if (!isDate && !/(?:Z|[+-]\d{2}:\d{2})$/i.test(text)) return undefined;
  const at = readInstant(text, 'UTC');
  return at === undefined || !isDate ? at : at + DAY_MS;
}

interface Expiring {
  /** Milliseconds since the epoch. */
  readonly expires?: number;
}

export const isExpired = ({ expires }: Expiring, now: number): boolean => expires !== undefined && expires <= now;

/** State of a token at a time. */
export function expiryState(token: Expiring, now: number): 'valid' | 'expiring' | 'expired' {
  if (isExpired(token, now)) return 'expired';
  return isExpired(token, now + EXPIRY_WARNING_MS) ? 'expiring' : 'valid';
}
