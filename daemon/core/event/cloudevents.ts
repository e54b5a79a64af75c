import { readInstant } from '../time/due-times.ts';
import type { Event, EventInput } from './event.ts';
import { HOPS, readHops } from './hops.ts';
import { EXCESSES, excessOf, isObject, type Json, parseJson } from '../values/json.ts';

export interface PostedEvents {
  readonly contentType: string | undefined;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Bytes are UTF-8. */
  readonly body: string | Uint8Array;
}

export type ParsedEvents =
  | { readonly ok: true; readonly events: readonly EventInput[] }
  | {
      readonly ok: false;
      readonly status: 400 | 415;
      readonly code: string;
      readonly message: string;
      readonly pointer?: string;
    };

export const MAX_EVENTS = 10_000;
export const MAX_DEPTH = 32;
/** UTF-16 units of `type`, `id`, `source`, `subject` and `time`. */
export const MAX_ATTRIBUTE_LENGTH = 1024;
/** Attribute names (CloudEvents 1.0, 3.1) are lower-case letters and digits; `_` is allowed here, since JSON senders use it. */
const ATTRIBUTE = /^(?!__)[a-z0-9_]{1,64}$/;
/** RFC 3339. */
const TIME = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

class Refusal extends Error {
  readonly status: 400 | 415;
  readonly code: string;
  readonly pointer: string | undefined;

  constructor(status: 400 | 415, code: string, message: string, pointer?: string) {
    super(message);
    this.status = status;
    this.code = code;
    this.pointer = pointer;
  }
}

/**
 * Reads posted events: plain `{type, data, ...}`, an array or NDJSON of them, or CloudEvents 1.0 over HTTP in
 * structured, batch or binary mode (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md).
 */
export function parseEvents(posted: PostedEvents): ParsedEvents {
  try {
    const events = read(posted);
    if (events.length === 0) throw new Refusal(400, 'events.none', 'there is no event in the body');
    if (events.length > MAX_EVENTS) throw new Refusal(400, 'events.too_many', `more than ${MAX_EVENTS} events at once`);
    return { ok: true, events };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { status, code, message, pointer } = error;
    return { ok: false, status, code, message, ...(pointer !== undefined && { pointer }) };
  }
}

/** Readers by media type. In binary mode the media type describes the data instead. */
const READERS: Readonly<Record<string, (body: string) => readonly EventInput[]>> = {
  'application/json': (body) => manyOrOne(json(body)),
  'application/cloudevents+json': (body) => [cloudEvent(json(body), '')],
  'application/cloudevents-batch+json': (body) => list(json(body)).map((item, index) => cloudEvent(item, `/${index}`)),
  'application/x-ndjson': ndjson,
  'application/ndjson': ndjson,
  'application/jsonl': ndjson,
};

function read({ contentType, headers, body: posted }: PostedEvents): readonly EventInput[] {
  const body = typeof posted === 'string' ? posted : utf8(posted);
  const media = (contentType ?? 'application/json').split(';')[0]!.trim().toLowerCase();
  if (typeof headers['ce-specversion'] === 'string' && !media.startsWith('application/cloudevents'))
    return [binary(headers, media, body)];
  // `curl -d` sends JSON with this media type, and events are never forms.
  const reader = READERS[media === 'application/x-www-form-urlencoded' ? 'application/json' : media];
  if (reader === undefined) {
    throw new Refusal(
      415,
      'events.media_type',
      `\`${media.slice(0, 80)}\` is not read here; send ${Object.keys(READERS).slice(0, 4).join(', ')}`,
    );
  }
  return reader(body);
}

const decoder = new TextDecoder('utf-8', { fatal: true });

function utf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new Refusal(400, 'events.not_utf8', 'the body is not UTF-8; send bytes as `data_base64`');
  }
}

function ndjson(body: string): readonly EventInput[] {
  return body
    .split('\n')
    .map((line, index) => ({ line: line.trim(), index }))
    .filter(({ line }) => line !== '')
    .map(({ line, index }) => plainOrCloudEvent(json(line, `line ${index + 1}: `), `/${index}`));
}

function manyOrOne(value: unknown): readonly EventInput[] {
  return Array.isArray(value)
    ? value.map((item, index) => plainOrCloudEvent(item, `/${index}`))
    : [plainOrCloudEvent(value, '')];
}

function plainOrCloudEvent(value: unknown, pointer: string): EventInput {
  return isObject(value) && 'specversion' in value ? cloudEvent(value, pointer) : attributes(value, pointer);
}

function cloudEvent(value: unknown, pointer: string): EventInput {
  const { specversion, data_base64: encoded, ...rest } = object(value, pointer);
  if (specversion !== '1.0')
    throw new Refusal(400, 'events.specversion', '`specversion` is not "1.0"', `${pointer}/specversion`);
  for (const name of ['id', 'source'])
    if ((rest[name] ?? null) === null)
      throw new Refusal(400, 'events.missing', `\`${name}\` is missing`, `${pointer}/${name}`);
  if (encoded === undefined) return attributes(rest, pointer);
  if (typeof encoded !== 'string' || 'data' in rest)
    throw new Refusal(400, 'events.data', '`data_base64` is text, and excludes `data`', `${pointer}/data_base64`);
  return attributes({ ...rest, data: fromBase64(encoded, rest.datacontenttype, pointer) }, pointer);
}

/** Decodes bytes that are JSON or text; other bytes stay in base64. */
function fromBase64(encoded: string, type: unknown, pointer: string): Json {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(encoded), (character) => character.codePointAt(0)!);
  } catch {
    throw new Refusal(400, 'events.data', '`data_base64` is not base64', `${pointer}/data_base64`);
  }
  try {
    const text = decoder.decode(bytes);
    return typeof type === 'string' && isJsonType(type) ? (json(text) as Json) : text;
  } catch {
    return encoded;
  }
}

function binary(headers: PostedEvents['headers'], media: string, body: string): EventInput {
  const found: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(headers))
    if (name.startsWith('ce-') && typeof value === 'string') found[name.slice(3)] = decodeHeader(value);
  const data = body === '' ? null : isJsonType(media) ? json(body) : body;
  return cloudEvent({ ...found, ...(media !== 'application/json' && { datacontenttype: media }), data }, '');
}

/** Header values are percent-encoded (HTTP binding, 3.1.3.2). */
function decodeHeader(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

function isJsonType(media: string): boolean {
  return /^[^;]*[/+]json\b/.test(media);
}

/** Reads the attributes, which all forms have. `type` is required, `data` may be any JSON, other names are extensions. */
function attributes(value: unknown, pointer: string): EventInput {
  const given = object(value, pointer);
  const { type, data = null } = given;
  if (typeof type !== 'string' || type === '')
    throw new Refusal(
      400,
      'events.missing',
      '`type` is missing: what happened, such as `backup.failed`',
      `${pointer}/type`,
    );
  const event: Record<string, Json> = {};
  for (const name in given) {
    const attribute = given[name];
    // In the JSON format, null means that the attribute is absent (CloudEvents JSON format, 2.2).
    if (name === 'type' || name === 'data' || attribute === null) continue;
    attributeFits(name, attribute, pointer);
    event[name] = name === HOPS ? hops(attribute, pointer) : (attribute as Json);
  }
  boundsHold('data', data, pointer);
  event.type = shortText('type', type, pointer);
  event.data = data as Json;
  return event as unknown as EventInput;
}

/** A header of the binary mode gives them as text. */
function hops(given: unknown, pointer: string): number {
  const read = readHops(given);
  if (read !== undefined) return read;
  throw new Refusal(400, 'events.attribute', `\`${HOPS}\` is not a whole number`, `${pointer}/${HOPS}`);
}

/** Attributes that are text and not empty. */
const TEXTS = new Set(['id', 'source', 'subject', 'time']);
/** Names with another meaning in rules. */
const RESERVED = new Set(['event', 'now']);

function attributeFits(name: string, value: unknown, pointer: string): void {
  const at = `${pointer}/${name}`;
  if (!ATTRIBUTE.test(name))
    throw new Refusal(
      400,
      'events.attribute',
      `\`${name.slice(0, 80)}\` is not an attribute name; put it into \`data\``,
      at,
    );
  if (RESERVED.has(name))
    throw new Refusal(400, 'events.attribute', `\`${name}\` has another meaning in rules; put it into \`data\``, at);
  if (TEXTS.has(name)) {
    if (typeof value !== 'string' || value === '')
      throw new Refusal(400, 'events.attribute', `\`${name}\` is not text`, at);
    shortText(name, value, pointer);
  }
  if (name === 'time' && (!TIME.test(value as string) || readInstant(value as string, 'UTC') === undefined)) {
    throw new Refusal(400, 'events.time', '`time` is not an RFC 3339 time; write it like 2026-11-23T09:00:00Z', at);
  }
  boundsHold(name, value, pointer);
}

function shortText(name: string, text: string, pointer: string): string {
  // oxlint-disable-next-line no-control-regex
  if (text.length > MAX_ATTRIBUTE_LENGTH || /[\u0000-\u001F\u007F]/.test(text))
    throw new Refusal(
      400,
      'events.attribute',
      `\`${name}\` is longer than ${MAX_ATTRIBUTE_LENGTH} characters or has control characters`,
      `${pointer}/${name}`,
    );
  return text;
}

function object(value: unknown, pointer: string): Record<string, unknown> {
  if (isObject(value)) return value;
  throw new Refusal(400, 'events.not_object', 'an event is a JSON object', pointer);
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Refusal(400, 'events.not_array', 'a batch is a JSON array', '');
}

function json(text: string, where = ''): unknown {
  try {
    return parseJson(text.startsWith('\uFEFF') ? text.slice(1) : text);
  } catch (error) {
    throw new Refusal(400, 'events.not_json', `${where}the body is not JSON: ${(error as Error).message}`);
  }
}

function boundsHold(name: string, value: unknown, pointer: string): void {
  const excess = excessOf(value, MAX_DEPTH);
  if (excess === undefined) return;
  const { code, text } = EXCESSES[excess];
  throw new Refusal(400, `events.${code}`, `\`${name}\` ${text(MAX_DEPTH)}`, `${pointer}/${name}`);
}

/** The event in the structured CloudEvents format, for channels and clients. */
export function toCloudEvent(event: Event): Readonly<Record<string, Json>> {
  return { specversion: '1.0', datacontenttype: 'application/json', ...(event as Record<string, Json>) };
}
