import type { Delivery } from '../../core/delivery/delivery.ts';
import type { Message } from '../../core/message/message.ts';
import { sha256 } from '../../lib/sha256.ts';
import { BYTES, cleanLine } from './text/text.ts';

const HASH_LENGTH = 16;

/**
 * Key by which a provider knows that messages belong to one alert: `replace_key`, otherwise rule and key. It is the same on every
 * instance and after a restart. A key of more than `maxBytes` ends with a hash in place of the rest.
 */
export function alertKey({ replace_key }: Message, { rule, key }: Delivery, maxBytes: number): string {
  const whole = replace_key ?? `${rule.replace(/[%/]/g, encodeURIComponent)}/${key}`;
  const line = cleanLine(whole);
  if (line === whole && BYTES.length(line) <= maxBytes) return line;
  return `${BYTES.head(line, maxBytes - HASH_LENGTH - 1)}~${sha256(whole).slice(0, HASH_LENGTH)}`;
}

/** The same as hex digits, for a provider that takes no other characters. */
export const alertKeyHash = (message: Message, delivery: Delivery): string =>
  sha256(message.replace_key ?? JSON.stringify([delivery.rule, delivery.key])).slice(0, 2 * HASH_LENGTH);
