import type { EventInput } from '../../core/event/event.ts';
import { isObject, type Json } from '../../core/values/json.ts';
import { newId } from '../../lib/id.ts';
import type { SettingProblem } from '../source.ts';
import { eventOf, type EventTemplates, hookScope, short, type Subject, type Told } from './event.ts';

/** Why a body has no list that could be taken. */
interface Refused {
  readonly ok: false;
  readonly status: 400 | 413;
  readonly detail: string;
}

export type RequestEvents =
  | {
      readonly ok: true;
      readonly events: readonly EventInput[];
      /** Their ids are what the provider calls its delivery. */
      readonly hasProvidersId: boolean;
    }
  | Refused;

export interface RequestFacts {
  /** Of the source. */
  readonly name: string;
  /** RFC 3339. */
  readonly time: string;
  /** The provider's id of its delivery. */
  readonly deliveryId: string | undefined;
}

/** As many events as the API takes at once. */
const MOST_ELEMENTS = 10_000;
/** Bytes of what is stored with each element beside it, all together. */
const MOST_BESIDE = 32 * 1024 * 1024;

const PATH = /^body(?:\.[^.\s[\]{}|"'`]+)*$/;

/** The one event of a request, or with `each` one of each element; `failed` is called once for each template that fails. */
export function eventsOf(
  said: Told,
  { each, ...templates }: EventTemplates & { readonly each?: string | undefined },
  { name, time, deliveryId }: RequestFacts,
  failed: (field: string, error: string) => void,
): RequestEvents {
  const failures = new Map<string, string>();
  const make = (subject: Subject): EventInput =>
    eventOf(said, subject, templates, hookScope(said, name, time, subject), deliveryId, (field, error) =>
      failures.set(field, error),
    );
  const read = each === undefined ? undefined : elementsOf(said.body, each, [said.headers, said.query]);
  if (read?.ok === false) return read;
  const made = read === undefined ? [make({ data: said.body })] : read.elements.map(make);
  for (const [field, error] of failures) failed(field, error);
  const hasProvidersId = made.every(({ id }) => id === short(deliveryId));
  return { ok: true, events: read === undefined ? made : numbered(made, time), hasProvidersId };
}

/** Ids that show which events came together. */
function numbered(events: readonly EventInput[], time: string): readonly EventInput[] {
  const own = newId(Date.parse(time));
  return events.map((event, index) => ({ ...event, id: `${event.id ?? own}/${index}` }));
}

/** `beside` is what else is stored with each element. */
function elementsOf(
  body: Json,
  each: string,
  beside: Json,
): { readonly ok: true; readonly elements: readonly Subject[] } | Refused {
  const names = namesOf(each);
  const list = valueAt(body, names);
  if (list === undefined) return { ok: false, status: 400, detail: `\`${each}\` is missing` };
  if (!Array.isArray(list)) return { ok: false, status: 400, detail: `\`${each}\` is no list` };
  if (list.length > MOST_ELEMENTS) {
    const detail = `\`${each}\` has more than ${MOST_ELEMENTS} elements; send fewer at once`;
    return { ok: false, status: 413, detail };
  }
  const parent = without(body, names);
  if (list.length * JSON.stringify([parent, beside]).length > MOST_BESIDE) {
    const detail = `what stands beside \`${each}\` is kept with each of its elements, and is too much for so many`;
    return { ok: false, status: 413, detail };
  }
  return { ok: true, elements: (list as readonly Json[]).map((data) => ({ data, parent })) };
}

/** Problems of the setting `event.each`. */
export function checkEach(each: string | undefined): readonly SettingProblem[] {
  if (each === undefined || PATH.test(each)) return [];
  const names = /^[\s{]*(?:body\.)?([\w-]+(?:\.[\w-]+)*)[\s}]*$/.exec(each)?.[1];
  const mend =
    names === undefined || names.startsWith('data') ? 'write it like `body.alerts`' : `write \`body.${names}\``;
  return [{ pointer: '/event/each', message: '`each` is no path into the body', mend }];
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
