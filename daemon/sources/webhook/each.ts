import type { EventInput } from '../../core/event/event.ts';
import { isObject, type Json } from '../../core/values/json.ts';
import { newId } from '../../lib/id.ts';
import type { SettingProblem } from '../source.ts';
import { type Content, eventOf, type EventTemplates, type RequestParts, shortId, templateVariables } from './event.ts';

/** The body has no list at the path, or one that is too large. */
interface Refusal {
  readonly ok: false;
  readonly status: 400 | 413;
  /** Code of the limit that refuses it. */
  readonly code?: string;
  readonly detail: string;
}

export type RequestEvents =
  | {
      readonly ok: true;
      readonly events: readonly EventInput[];
      /** All ids are the delivery id of the provider. */
      readonly hasProvidersId: boolean;
    }
  | Refusal;

export interface RequestContext {
  /** Name of the source. */
  readonly source: string;
  /** RFC 3339. */
  readonly time: string;
  /** The delivery id of the provider. */
  readonly deliveryId: string | undefined;
}

/** The limit that the API has for events of one request. */
export const MAX_ELEMENTS = 10_000;
/** Bytes of the headers, query and parent that are stored with the elements, all together. */
export const MAX_REPEATED = 32 * 1024 * 1024;

const PATH = /^body(?:\.[^.\s[\]{}|"'`]+)*$/;

/** The event of a request, or with `each` one event per element. `onError` is called once for each template that fails. */
export function eventsOf(
  parts: RequestParts,
  { each, ...templates }: EventTemplates & { readonly each?: string | undefined },
  { source, time, deliveryId }: RequestContext,
  onError: (field: string, error: string) => void,
): RequestEvents {
  const failures = new Map<string, string>();
  const make = (content: Content): EventInput =>
    eventOf(parts, content, templates, templateVariables(parts, source, time, content), deliveryId, (field, error) =>
      failures.set(field, error),
    );
  const read = each === undefined ? undefined : elementsOf(parts.body, each, [parts.headers, parts.query]);
  if (read?.ok === false) return read;
  const events = read === undefined ? [make({ data: parts.body })] : read.elements.map(make);
  for (const [field, error] of failures) onError(field, error);
  const hasProvidersId = events.every(({ id }) => id === shortId(deliveryId));
  return { ok: true, events: read === undefined ? events : numbered(events, time), hasProvidersId };
}

/** Adds the position to the ids, so that they show which events came in one request. */
function numbered(events: readonly EventInput[], time: string): readonly EventInput[] {
  const own = newId(Date.parse(time));
  return events.map((event, index) => ({ ...event, id: `${event.id ?? own}/${index}` }));
}

/** The elements of the list at `each`. `repeated` is stored with each of them. */
function elementsOf(
  body: Json,
  each: string,
  repeated: Json,
): { readonly ok: true; readonly elements: readonly Content[] } | Refusal {
  const names = namesOf(each);
  const list = valueAt(body, names);
  if (list === undefined) return { ok: false, status: 400, detail: `\`${each}\` is missing` };
  if (!Array.isArray(list)) return { ok: false, status: 400, detail: `\`${each}\` is not a list` };
  if (list.length > MAX_ELEMENTS) {
    const detail = `\`${each}\` has more than ${MAX_ELEMENTS} elements; send fewer at once`;
    return { ok: false, status: 413, code: 'hook.too_many_events', detail };
  }
  const parent = without(body, names);
  if (list.length * JSON.stringify([parent, repeated]).length > MAX_REPEATED) {
    const detail = `the rest of the body is stored with each element of \`${each}\`, which is too much for so many elements`;
    return { ok: false, status: 413, code: 'hook.too_much_repeated', detail };
  }
  return { ok: true, elements: (list as readonly Json[]).map((data) => ({ data, parent })) };
}

/** Problems of the setting `event.each`. */
export function checkEach(each: string | undefined): readonly SettingProblem[] {
  if (each === undefined || PATH.test(each)) return [];
  const names = /^[\s{]*(?:body\.)?([\w-]+(?:\.[\w-]+)*)[\s}]*$/.exec(each)?.[1];
  const mend =
    names === undefined || names.startsWith('data') ? 'write it like `body.alerts`' : `write \`body.${names}\``;
  return [{ pointer: '/event/each', message: '`each` is not a path in the body', mend }];
}

const namesOf = (each: string): readonly string[] => each.split('.').slice(1);

function valueAt(body: Json, names: readonly string[]): Json | undefined {
  let value: Json | undefined = body;
  for (const name of names) value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  return value;
}

function without(value: Json, [name, ...deeper]: readonly string[]): Json {
  if (name === undefined || !isObject(value)) return null;
  const entries = Object.entries(value as Readonly<Record<string, Json>>);
  if (deeper.length === 0) return Object.fromEntries(entries.filter(([key]) => key !== name));
  return Object.fromEntries(entries.map(([key, item]) => [key, key === name ? without(item, deeper) : item]));
}
