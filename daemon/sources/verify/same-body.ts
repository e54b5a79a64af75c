import { isDeepStrictEqual } from 'node:util';
import type { Event } from '../../core/event.ts';
import { isObject } from '../../core/json.ts';
import type { IsSame } from '../source.ts';

/** Compares the bodies of two events of one id, but for the fields that the provider fills in anew at each try. */
export function sameBody(changing: readonly string[] = []): IsSame {
  return (first, again) => isDeepStrictEqual(bodyOf(first, changing), bodyOf(again, changing));
}

/** As it is stored: JSON, which knows no negative zero. */
function bodyOf({ data }: Event, changing: readonly string[]): unknown {
  const body = JSON.parse(JSON.stringify(data)) as unknown;
  if (isObject(body)) for (const field of changing) delete body[field];
  return body;
}
