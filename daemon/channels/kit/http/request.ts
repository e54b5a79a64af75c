import type { Receipt } from '../../../core/delivery/delivery.ts';

/** One request, with a body in JSON, as a form, or as text or bytes with a `content-type` of its own; without a body if none is given. */
export interface ChannelRequest {
  readonly url: string;
  /** POST if not given. */
  readonly method?: 'POST' | 'PUT' | 'PATCH' | 'GET' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  /** A name may occur several times in a list of pairs. */
  readonly form?: Readonly<Record<string, string>> | readonly (readonly [string, string])[];
  readonly text?: string | Buffer;
}

/** A later one of several requests; a function where it needs the receipt of the one before it. */
export type NextRequest = ChannelRequest | ((before: Receipt) => ChannelRequest);

/** One request or several. */
export type ChannelRequests = ChannelRequest | readonly [ChannelRequest, ...NextRequest[]];

export const requestsOf = (requests: ChannelRequests): readonly [ChannelRequest, ...NextRequest[]] =>
  'url' in requests ? [requests] : requests;

/** Content type and bytes of a body; both undefined for a request without one. */
export function bodyOf({ json, form, text }: ChannelRequest): readonly [string | undefined, Buffer | undefined] {
  if (text !== undefined) return ['text/plain; charset=utf-8', bytesOf(text)];
  if (form !== undefined) {
    const pairs = Array.isArray(form) ? form : Object.entries(form);
    return ['application/x-www-form-urlencoded', bytesOf(new URLSearchParams(pairs as [string, string][]).toString())];
  }
  return json === undefined
    ? [undefined, undefined]
    : ['application/json; charset=utf-8', bytesOf(JSON.stringify(json))];
}

const bytesOf = (text: string | Buffer): Buffer => (typeof text === 'string' ? Buffer.from(text, 'utf8') : text);
