import { isDeepStrictEqual } from 'node:util';
import type { Event } from '../../../core/event/event.ts';
import { isObject } from '../../../core/values/json.ts';
import type { IsSame } from '../../source.ts';

/** Compares the bodies of two events of one id, but for the fields that the provider fills in anew at each try. */
export function sameBody(changing: readonly string[] = []): IsSame {
  return (first, again) => isDeepStrictEqual(bodyOf(first, changing), bodyOf(again, changing));
}

/** As it is stored: JSON, which knows no negative zero. Of an element of a list also what stood around it. */
function bodyOf({ data, parent = null }: Event, changing: readonly string[]): unknown {
  const parts = JSON.parse(JSON.stringify([data, parent])) as unknown[];
  for (const part of parts) if (isObject(part)) for (const field of changing) delete part[field];
  return parts;
}
