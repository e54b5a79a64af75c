import { isDeepStrictEqual } from 'node:util';
import type { DeadLetter, Delivery } from '../../core/delivery/delivery.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';

type Masking = Pick<Scrubber, 'scrubJson'>;

/**
 * The letter with what its delivery really said in place of `***`. A field that was edited in the file stays as it is there, and
 * so does all of a letter whose delivery the store does not have.
 */
export function unmasked(letter: DeadLetter, delivery: Delivery | undefined, masking: Masking): DeadLetter {
  if (delivery === undefined) return letter;
  return {
    ...letter,
    key: unmaskedValue(letter.key, delivery.key, masking),
    event: unmaskedValue(letter.event, delivery.event, masking),
    message: unmaskedFields(letter.message, delivery.message, masking),
  };
}

function unmaskedFields<T extends object>(shown: T, meant: T, masking: Masking): T {
  const changes = Object.entries(shown).map(([name, value]) => {
    return [name, unmaskedValue<unknown>(value, (meant as Record<string, unknown>)[name], masking)];
  });
  return { ...shown, ...(Object.fromEntries(changes) as Partial<T>) };
}

function unmaskedValue<T>(shown: T, meant: T, masking: Masking): T {
  return isDeepStrictEqual(shown, masking.scrubJson(meant)) ? meant : shown;
}
