import { isDeepStrictEqual } from 'node:util';
import type { Event, EventInput } from '../../core/event/event.ts';
import { truncateText } from '../../core/message/truncate.ts';
import type { TemplateVariables, Template } from '../../core/ruleset.ts';
import { isObject, type Json, type JsonObject } from '../../core/values/json.ts';
import { isCredentialHeader, isCredentialParameter } from '../../lib/secrets/credential-names.ts';
import { sha256 } from '../../lib/sha256.ts';
import { manyValued } from '../kit/request-body.ts';
import type { HookRequest, IsSame } from '../source.ts';

const MAX_ID_LENGTH = 256;
/** The limit that the API has for attributes. */
const MAX_ATTRIBUTE_LENGTH = 1024;
/** Characters kept of a longer attribute. */
const KEPT_LENGTH = 256;

/** A request without its credentials, since it is stored, shown and sent on. */
export interface RequestParts {
  readonly headers: JsonObject;
  readonly query: JsonObject;
  readonly body: Json;
}

/** Removes the credentials of a request. `credentials` are further secret headers, whose names do not show that they are secret. */
export function requestParts(request: HookRequest, body: Json, credentials: readonly string[]): RequestParts {
  const headers = Object.entries(request.headers).filter(
    (header): header is [string, string] =>
      header[1] !== undefined && !isCredentialHeader(header[0]) && !credentials.includes(header[0]),
  );
  const query = Object.entries(manyValued(request.query)).filter(([name]) => !isCredentialParameter(name));
  return { headers: Object.fromEntries(headers), query: Object.fromEntries(query), body };
}

export interface EventTemplates {
  readonly type?: Template | undefined;
  readonly id?: Template | undefined;
  readonly subject?: Template | undefined;
}

export const DEFAULT_TYPE = 'webhook.received';

/** The content of one event of a request: the body, or an element of a list in it. */
export interface Content {
  readonly data: Json;
  /** The body without the list, if the content is an element. */
  readonly parent?: Json;
}

/** Variables of the templates of a webhook source: the parts of the request, and the event before its templates are rendered. */
export function templateVariables(
  { headers, query, body }: RequestParts,
  source: string,
  time: string,
  content: Content,
): TemplateVariables {
  const event = { id: '', source, type: DEFAULT_TYPE, time, ...content, headers, query };
  return { event, headers, query, body };
}

/** Renders the attributes of an event. A template that fails or renders nothing leaves the default; `onError` gets its error. */
export function eventOf(
  { headers, query }: RequestParts,
  content: Content,
  templates: EventTemplates,
  variables: TemplateVariables,
  deliveryId: string | undefined,
  onError: (field: string, error: string) => void,
): EventInput {
  const rendered = (field: keyof EventTemplates): string | undefined => {
    const { text, error } = templates[field]?.render(variables) ?? { text: '' };
    if (error !== undefined) onError(field, error);
    const line = text.replace(/\p{Cc}+/gu, ' ').trim();
    return error === undefined && line !== '' ? line : undefined;
  };
  const id = shortId(rendered('id') ?? deliveryId);
  const subject = bounded(rendered('subject'));
  return {
    ...(id !== undefined && { id }),
    type: bounded(rendered('type')) ?? DEFAULT_TYPE,
    ...(subject !== undefined && { subject }),
    ...content,
    headers,
    query,
  };
}

/** Hashes a long id; a shortened one could be the id of another event. */
export function shortId(id: string | undefined): string | undefined {
  if (id === undefined || id === '') return undefined;
  return id.length <= MAX_ID_LENGTH ? id : sha256(id);
}

/** Shortens a long text and adds its hash, so that different texts stay different: rules group by the subject. */
function bounded(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= MAX_ATTRIBUTE_LENGTH) return text;
  return `${truncateText(text, KEPT_LENGTH)} ${sha256(text)}`;
}

/** Compares the bodies of two events of one id, without the fields that the provider changes at each attempt. */
export function sameBody(volatileFields: readonly string[] = []): IsSame {
  return (first, again) => isDeepStrictEqual(comparable(first, volatileFields), comparable(again, volatileFields));
}

/** Data and parent in their stored form: JSON, which has no negative zero. */
function comparable({ data, parent = null }: Event, volatileFields: readonly string[]): unknown {
  const parts = JSON.parse(JSON.stringify([data, parent])) as unknown[];
  for (const part of parts) if (isObject(part)) for (const field of volatileFields) delete part[field];
  return parts;
}
