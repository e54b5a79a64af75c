import { parseEvents } from '../event/cloudevents.ts';
import type { EventInput } from '../event/event.ts';
import { isDeeper, isObject } from '../values/json.ts';

export type GivenEvent =
  | { readonly ok: true; readonly event: EventInput }
  /** `pointer` is a JSON Pointer into the given value. */
  | { readonly ok: false; readonly message: string; readonly pointer: string };

/**
 * Reads the event to explain: a plain event, a CloudEvent, or an object with an event in its field `event`, such as an answer of
 * `GET /v1/events/{id}` or a dead letter.
 */
export function givenEvent(given: unknown): GivenEvent {
  if (isDeeper(given, MAX_DEPTH)) return { ok: false, message: 'it is nested too deep', pointer: '' };
  const inside = isObject(given) && isObject(given.event);
  const parsed = parseEvents({
    contentType: undefined,
    headers: {},
    body: JSON.stringify(inside ? given.event : given),
  });
  const before = inside ? '/event' : '';
  if (!parsed.ok) return { ok: false, message: parsed.message, pointer: before + (parsed.pointer ?? '') };
  const [event, another] = parsed.events;
  if (event === undefined || another !== undefined)
    return { ok: false, message: 'it is more than one event; one is explained at a time', pointer: '/1' };
  return { ok: true, event };
}

/** Limit on nesting, above that of an event inside another object. */
const MAX_DEPTH = 64;
