import type { Query } from '../lib/router.ts';
import { logOut, token } from './session.ts';

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

export interface CallOptions {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Refusal by the daemon (RFC 9457), or `code: 'offline'` when it did not answer. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** All members of the problem. */
  readonly problem: Readonly<Record<string, unknown>>;

  constructor(status: number, code: string, detail: string, problem: Readonly<Record<string, unknown>> = {}) {
    super(detail);
    this.status = status;
    this.code = code;
    this.problem = problem;
  }
}

/** Folder of the page. Calls are relative to it, so that they pass a proxy that adds a path. */
const BASE = new URL('./', location.href.split('#')[0]);

/** Address of a call: `/v1/events` with its parameters. */
export function addressOf(path: string, query: Query = {}): URL {
  const url = new URL(path.replace(/^\//, ''), BASE);
  for (const [name, value] of Object.entries(query)) if ((value ?? '') !== '') url.searchParams.set(name, value!);
  return url;
}

/** Makes a call and returns the response. Throws `ApiError`; a refused token ends the session. */
export async function send(method: Method, path: string, options: CallOptions = {}): Promise<Response> {
  const { query, body, headers, signal } = options;
  const given = token.value;
  const response = await fetch(addressOf(path, query), {
    method,
    headers: {
      ...(given !== undefined && { authorization: `Bearer ${given}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    ...(signal !== undefined && { signal }),
    credentials: 'omit',
    cache: 'no-store',
  }).catch((error: unknown) => {
    if (signal?.aborted === true) throw error;
    throw new ApiError(0, 'offline', 'the daemon does not answer');
  });
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (problem.status === 401 && given !== undefined && given === token.value) logOut(problem.message);
  throw problem;
}

/** Makes a call and returns its JSON; undefined for an answer without a body. */
export async function call<T>(method: Method, path: string, options: CallOptions = {}): Promise<T> {
  const response = await send(method, path, options);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  call<T>('GET', path, { ...(query && { query }), ...(signal && { signal }) });

/** Reads an answer in NDJSON, one value after another. Ends early when the caller stops, which ends the request. */
export async function* lines<T>(method: Method, path: string, options: CallOptions = {}): AsyncGenerator<T> {
  const response = await send(method, path, options);
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      const parts = (rest + (value ?? '')).split('\n');
      rest = parts.pop() ?? '';
      for (const part of parts) if (part.trim() !== '') yield JSON.parse(part) as T;
      if (done) break;
    }
    if (rest.trim() !== '') yield JSON.parse(rest) as T;
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function problemOf(response: Response): Promise<ApiError> {
  const { status, statusText } = response;
  const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const detail = typeof problem.detail === 'string' ? problem.detail : `${status} ${statusText}`;
  return new ApiError(status, typeof problem.code === 'string' ? problem.code : `http.${status}`, detail, problem);
}
