import type { IncomingMessage, ServerResponse } from 'node:http';

/** Request headers that a page may send, besides those that browsers always allow: its token, the type of its body, and its position. */
const HEADERS = 'authorization, content-type, last-event-id';
/** Seconds for which a browser may cache the response to a preflight; the request itself is checked each time. */
const MAX_AGE_SECONDS = 600;

/** Allows a page of this origin to read the response (https://fetch.spec.whatwg.org/#http-cors-protocol). Cookies are not allowed: a page sends a ticket or a token. */
export function allowPage(response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin);
}

export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** Answers the preflight that a browser sends before a request that a form could not send. */
export function answerPreflight(response: ServerResponse, methods: readonly string[]): void {
  response.writeHead(204, {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': HEADERS,
    'access-control-max-age': String(MAX_AGE_SECONDS),
  });
  response.end();
}
