import { createHash } from 'node:crypto';
import { cutText } from '../../core/message/cut.ts';
import type { EventInput } from '../../core/event/event.ts';
import type { Json, JsonObject } from '../../core/values/json.ts';
import type { Scope, Template } from '../../core/ruleset.ts';
import type { HookRequest } from '../source.ts';
import { manyValued } from '../kit/request-body.ts';

const CREDENTIAL_HEADER =
  /authorization|cookie|token|jwt|signature|secret|password|credential|(?:api|subscription)-?key|^sign$/;
const CREDENTIAL_PARAMETER =
  /token|jwt|signature|secret|password|passwd|credential|api_?key|^(?:key|sign|sig|auth|pass|pwd)$/i;
const LONGEST_ID = 256;
/** As of events that come by the API. */
const LONGEST_ATTRIBUTE = 1024;
/** Characters of an attribute that is longer. */
const SHOWN = 256;

/** What a request says, without what it proves itself with: this is stored, shown and sent on. */
export interface Told {
  readonly headers: JsonObject;
  readonly query: JsonObject;
  readonly body: Json;
}

/** `credentials` are headers that are secret though their names do not say so. */
export function told(request: HookRequest, body: Json, credentials: readonly string[]): Told {
  const headers = Object.entries(request.headers).filter(
    (header): header is [string, string] =>
      header[1] !== undefined && !CREDENTIAL_HEADER.test(header[0]) && !credentials.includes(header[0]),
  );
  const query = Object.entries(manyValued(request.query)).filter(([name]) => !CREDENTIAL_PARAMETER.test(name));
  return { headers: Object.fromEntries(headers), query: Object.fromEntries(query), body };
}

export interface EventTemplates {
  readonly type?: Template | undefined;
  readonly id?: Template | undefined;
  readonly subject?: Template | undefined;
}

export const DEFAULT_TYPE = 'webhook.received';

/** Subject of one event of a request: the body, or an element of a list in it. */
export interface Subject {
  readonly data: Json;
  /** Of an element: the body without the list. */
  readonly parent?: Json;
}

/** What the templates of a webhook source see: the request in its parts, and the event as it is without them. */
export function hookScope({ headers, query, body }: Told, source: string, time: string, subject: Subject): Scope {
  const event = { id: '', source, type: DEFAULT_TYPE, time, ...subject, headers, query };
  return { event, headers, query, body };
}

/** A template that fails or gives nothing leaves its default; `failed` is told which and why. */
export function eventOf(
  { headers, query }: Told,
  subject: Subject,
  templates: EventTemplates,
  scope: Scope,
  deliveryId: string | undefined,
  failed: (field: string, error: string) => void,
): EventInput {
  const rendered = (field: keyof EventTemplates): string | undefined => {
    const { text, error } = templates[field]?.render(scope) ?? { text: '' };
    if (error !== undefined) failed(field, error);
    const line = text.replace(/\p{Cc}+/gu, ' ').trim();
    return error === undefined && line !== '' ? line : undefined;
  };
  const id = short(rendered('id') ?? deliveryId);
  const about = bounded(rendered('subject'));
  return {
    ...(id !== undefined && { id }),
    type: bounded(rendered('type')) ?? DEFAULT_TYPE,
    ...(about !== undefined && { subject: about }),
    ...subject,
    headers,
    query,
  };
}

/** An id that is cut off would be that of another event. */
export function short(id: string | undefined): string | undefined {
  if (id === undefined || id === '') return undefined;
  return id.length <= LONGEST_ID ? id : hashOf(id);
}

/** Cuts a long text and adds a hash of it, so that two of them stay different: rules count by the subject. */
function bounded(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= LONGEST_ATTRIBUTE) return text;
  return `${cutText(text, SHOWN)} ${hashOf(text)}`;
}

const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');
