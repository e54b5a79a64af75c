import { isDeepStrictEqual } from 'node:util';
import type { DeadLetter, Delivery } from '../../core/delivery/delivery.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';

type Masking = Pick<Scrubber, 'scrubJson'>;

/**
 * Replaces `***` in a dead letter by the values of its stored delivery. A field that was edited in the file keeps its edit. A dead
 * letter whose delivery is not in the store is returned unchanged.
 */
export function unmasked(record: DeadLetter, delivery: Delivery | undefined, masking: Masking): DeadLetter {
  if (delivery === undefined) return record;
  return {
    ...record,
    key: unmaskedValue(record.key, delivery.key, masking),
    event: unmaskedValue(record.event, delivery.event, masking),
    message: unmaskedFields(record.message, delivery.message, masking),
  };
}

function unmaskedFields<T extends object>(masked: T, original: T, masking: Masking): T {
  const changes = Object.entries(masked).map(([name, value]) => {
    return [name, unmaskedValue<unknown>(value, (original as Record<string, unknown>)[name], masking)];
  });
  return { ...masked, ...(Object.fromEntries(changes) as Partial<T>) };
}

/** The original, unless the masked value was edited. */
function unmaskedValue<T>(masked: T, original: T, masking: Masking): T {
  return isDeepStrictEqual(masked, masking.scrubJson(original)) ? original : masked;
}
