import type { IncomingMessage, ServerResponse } from 'node:http';

/** Request headers that a page may send besides those that browsers always allow: a token, the type of its body, and where it stopped. */
const HEADERS = 'authorization, content-type, last-event-id';
/** Seconds that a browser may go by the answer to a preflight; the request itself is checked each time. */
const REMEMBERED = 600;

/** Lets a page of this origin read the answer (https://fetch.spec.whatwg.org/#http-cors-protocol). Credentials are not allowed: a page shows a ticket or a token. */
export function allowPage(response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin);
}

export function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

/** Answers what a browser asks before a request that a form could not have sent. */
export function answerPreflight(response: ServerResponse, method: string): void {
  response.writeHead(204, {
    'access-control-allow-methods': method,
    'access-control-allow-headers': HEADERS,
    'access-control-max-age': String(REMEMBERED),
  });
  response.end();
}
