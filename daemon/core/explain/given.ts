import { parseEvents } from '../event/cloudevents.ts';
import type { EventInput } from '../event/event.ts';
import { isObject } from '../values/json.ts';

export type GivenEvent =
  | { readonly ok: true; readonly event: EventInput }
  /** `pointer` is a JSON Pointer into what was given. */
  | { readonly ok: false; readonly message: string; readonly pointer: string };

/**
 * The event that is to be explained: plain or as a CloudEvent, or what has one in its `event`: an answer of `GET
 * /v1/events/{id}`, a dead letter.
 */
export function givenEvent(given: unknown): GivenEvent {
  if (isDeeper(given, DEEPEST)) return { ok: false, message: 'it is nested too deep', pointer: '' };
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

/** Deeper than what has an event in it. */
const DEEPEST = 64;

function isDeeper(value: unknown, than: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return than === 0 || Object.values(value).some((item) => isDeeper(item, than - 1));
}
