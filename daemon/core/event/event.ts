import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { Json } from '../values/json.ts';

/**
 * An event: a CloudEvents 1.0 record in plain JSON, with the extensions beside the attributes.
 * `time` is RFC 3339. `source` + `id` identify it: a second event with the same pair is a duplicate.
 */
export interface Event {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time: string;
  readonly data: Json;
  readonly [extension: string]: Json | undefined;
}

/** An event as a source or a client submits it; `completeEvent` adds the missing attributes. */
export interface EventInput {
  readonly id?: string;
  readonly source?: string;
  readonly type: string;
  readonly subject?: string;
  readonly time?: string;
  readonly data?: Json;
  readonly [extension: string]: Json | undefined;
}

/** Default source of events that local services and the CLI post. */
export const API_SOURCE = 'api';
/** Source of the daemon's own events. */
export const OWN_SOURCE = 'belfry';

/** Core attributes; every other member is a CloudEvents extension. */
const CORE_ATTRIBUTES: ReadonlySet<string> = new Set(['id', 'source', 'type', 'subject', 'time', 'data']);

/** Adds the missing attributes: `id` is new, `time` is now, `data` is null. Extensions follow the core attributes. */
export function completeEvent(
  input: EventInput,
  now: number,
  newId: () => string,
  source: string = input.source ?? API_SOURCE,
): Event {
  const { id, type, subject, time, data = null } = input;
  const event: Record<string, Json> = { id: id ?? newId(), source, type };
  if (subject !== undefined) event.subject = subject;
  event.time = time ?? rfc3339(now);
  event.data = data;
  for (const name in input) if (!CORE_ATTRIBUTES.has(name)) event[name] = input[name] ?? null;
  return event as unknown as Event;
}
