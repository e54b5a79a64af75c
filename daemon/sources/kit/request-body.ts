import { isUtf8 } from 'node:buffer';
import { EXCESSES, excessOf, type Json, parseJson } from '../../core/values/json.ts';
import type { HookAnswer, HookRequest } from '../source.ts';

export type ReadBody = { readonly ok: true; readonly body: Json } | { readonly ok: false; readonly answer: HookAnswer };

/** Limit on nesting, since deeper JSON would overflow the stack when it is serialised. */
export const MAX_DEPTH = 64;
const FORM = 'application/x-www-form-urlencoded';
/** Media types that clients send for JSON by mistake. */
const UNRELIABLE = new Set([FORM, '']);
const CHARSETS = new Set(['utf-8', 'utf8', 'us-ascii']);

/** Parses a body: JSON, a form as an object of texts, any other text as `{text}`, an empty body as null. A form whose only field is `formField` is parsed as the JSON in it. */
export function readBody({ headers, body }: HookRequest, formField?: string): ReadBody {
  const type = headers['content-type'] ?? '';
  const media = type.split(';')[0]!.trim().toLowerCase();
  const charset = /;\s*charset="?([^";\s]+)/i.exec(type)?.[1]?.toLowerCase() ?? 'utf-8';
  const encoding = headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding !== 'identity') return refused(415, 'a compressed body is not supported');
  if (!CHARSETS.has(charset) || !isUtf8(body)) return refused(415, 'the body is not UTF-8');
  const text = body.toString('utf8').replace(/^\uFEFF/, '');
  if (text === '') return { ok: true, body: null };
  if (media === 'application/json' || media.endsWith('+json')) return json(text);
  // `curl -d` and simple scripts send JSON with the media type of a form or without any.
  if (UNRELIABLE.has(media) && /^\s*[{[]/.test(text)) {
    const read = json(text);
    if (read.ok) return read;
  }
  if (media === FORM) return form(text, formField);
  return { ok: true, body: { text } };
}

/** Converts pairs to an object; a repeated name gets a list. */
export function manyValued(pairs: URLSearchParams): Record<string, string | readonly string[]> {
  const entries = [...new Set(pairs.keys())].map((name) => {
    const values = pairs.getAll(name);
    return [name, values.length === 1 ? values[0]! : values] as const;
  });
  return Object.fromEntries(entries);
}

function form(text: string, formField: string | undefined): ReadBody {
  const fields = new URLSearchParams(text);
  const [only, another] = fields;
  if (formField !== undefined && another === undefined && only?.[0] === formField)
    return json(only[1], `the form field \`${formField}\``);
  return { ok: true, body: manyValued(fields) };
}

function json(text: string, what = 'the body'): ReadBody {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return refused(400, `${what} is not JSON`);
  }
  const excess = excessOf(value, MAX_DEPTH);
  if (excess === undefined) return { ok: true, body: value as Json };
  const { code, text: about } = EXCESSES[excess];
  return { ok: false, answer: overLimit(400, `body.${code}`, `${what} is JSON that ${about(MAX_DEPTH)}`) };
}

const refused = (status: number, detail: string): ReadBody => ({ ok: false, answer: problem(status, detail) });

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  503: 'Service Unavailable',
};

/** An answer with problem details. https://www.rfc-editor.org/rfc/rfc9457 */
export function problem(status: number, detail: string, headers: Readonly<Record<string, string>> = {}): HookAnswer {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: { type: 'about:blank', title: TITLES[status] ?? 'Refused', status, detail },
  };
}

/** The answer of a limit, with its code. */
export function overLimit(
  status: number,
  code: string,
  detail: string,
  headers: Readonly<Record<string, string>> = {},
): HookAnswer {
  const answer = problem(status, detail, headers);
  return { ...answer, code, body: { ...(answer.body as object), code } };
}
