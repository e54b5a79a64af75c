import { ECDH } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import type { WebPushSubscription } from '../../../core/delivery/web-push.ts';
import { isObject } from '../../../core/values/json.ts';
import { HTTP_URL, readUrl } from '../../../core/values/url.ts';
import { packageRoot } from '../../../lib/files/package-root.ts';
import { HttpProblem } from '../../problem.ts';
import { type Route, sendJson } from '../route.ts';
import { bodyWithUser, TICKET } from './stream.ts';

/** Files of the page on which browsers subscribe, below `/v1/webpush/`, with their media types. */
const FILES: Readonly<Record<string, string>> = {
  'page.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'worker.js': 'text/javascript; charset=utf-8',
  'manifest.webmanifest': 'application/manifest+json',
  'icon.png': 'image/png',
};

const POLICY = [
  "default-src 'none'",
  ...['script-src', 'style-src', 'img-src', 'connect-src', 'manifest-src', 'worker-src'].map(
    (name) => `${name} 'self'`,
  ),
  ...['base-uri', 'form-action', 'frame-ancestors'].map((name) => `${name} 'none'`),
].join('; ');

function sendFile(response: ServerResponse, name: string, type: string): void {
  const folder = name === 'icon.png' ? 'assets' : 'assets/webpush';
  const content = readFileSync(new URL(`${folder}/${name}`, packageRoot()));
  response.writeHead(200, {
    'content-type': type,
    'content-security-policy': POLICY,
    'referrer-policy': 'no-referrer',
    'content-length': content.length,
  });
  response.end(content);
}

/** Web Push: the page on which a browser subscribes, and the subscriptions. https://www.w3.org/TR/push-api/ */
export const webPushRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/webpush',
    scope: 'open',
    pages: true,
    summary: 'The public key for `PushManager.subscribe`; for a browser, the page on which it subscribes.',
    answers: { 200: '`{"public_key"}`, or HTML for `Accept: text/html`' },
    async handle({ request, response }, { daemon }) {
      response.setHeader('vary', 'accept');
      if (/\btext\/html\b/.test(request.headers.accept ?? ''))
        sendFile(response, 'page.html', 'text/html; charset=utf-8');
      else sendJson(response, 200, { public_key: await daemon.webPush.publicKey() });
    },
  },
  ...Object.entries(FILES).map(
    ([name, type]): Route => ({
      method: 'GET',
      path: `/v1/webpush/${name}`,
      scope: 'open',
      summary: 'A file of the page on which browsers subscribe.',
      answers: { 200: type },
      handle: ({ response }) => sendFile(response, name, type),
    }),
  ),
  {
    method: 'POST',
    path: '/v1/webpush',
    scope: 'stream',
    audit: { none: 'browsers renew their subscriptions by themselves' },
    pages: true,
    body: ['application/json'],
    query: { ticket: TICKET },
    summary:
      'Subscribe a browser to the pushes of a user: the JSON of its `PushSubscription`; `page` is opened by messages without a link.',
    answers: {
      201: 'Subscribed',
      400: 'The user is missing, or the subscription is not valid',
      403: 'The token is not for this user',
    },
    async handle(context, deps) {
      const { user, body } = await bodyWithUser(context, deps);
      await deps.daemon.webPush.subscribe(user, { ...subscriptionOf(body), at: deps.clock.now() });
      sendJson(context.response, 201, { user });
    },
  },
  {
    method: 'DELETE',
    path: '/v1/webpush',
    scope: 'stream',
    audit: { none: 'browsers renew their subscriptions by themselves' },
    pages: true,
    body: ['application/json'],
    query: { ticket: TICKET },
    summary: 'End the subscription of a browser: `{"endpoint"}`.',
    answers: { 204: 'Ended', 400: 'The user or the endpoint is missing', 404: 'No such subscription of this user' },
    async handle(context, deps) {
      const { user, body } = await bodyWithUser(context, deps);
      if (typeof body.endpoint !== 'string')
        throw problem('/endpoint', 'the `endpoint` of the subscription is missing');
      if (!(await deps.daemon.webPush.end(user, body.endpoint)))
        throw new HttpProblem(404, 'webpush.none', 'this user has no such subscription');
      context.response.writeHead(204).end();
    },
  },
];

const MAX_URL_LENGTH = 2048;
const ENDPOINT_URL = {
  ...HTTP_URL,
  schemes: ['https'],
  login: 'none' as const,
  example: 'https://push.example.com/subscription',
};

/** Reads the JSON of a `PushSubscription`. Throws 400 with a JSON pointer. */
function subscriptionOf(body: Readonly<Record<string, unknown>>): Omit<WebPushSubscription, 'at'> {
  const { endpoint, page = '' } = body;
  const keys = isObject(body.keys) ? body.keys : {};
  if (typeof endpoint !== 'string' || endpoint.length > MAX_URL_LENGTH || !readUrl(endpoint, ENDPOINT_URL).ok)
    throw problem('/endpoint', 'this is not the https address of a push service');
  if (typeof page !== 'string' || page.length > MAX_URL_LENGTH || (page !== '' && !readUrl(page, HTTP_URL).ok))
    throw problem('/page', 'this is not the address of a page');
  const p256dh = keyOf(keys, 'p256dh', 65);
  if (!isPoint(p256dh)) throw problem('/keys/p256dh', 'this is not a point of the curve P-256');
  return { endpoint, p256dh, auth: keyOf(keys, 'auth', 16), page };
}

/** Checks that messages can be encrypted with a key; otherwise each of them would fail. */
function isPoint(key: string): boolean {
  try {
    return ECDH.convertKey(key, 'prime256v1', 'base64url').length > 0;
  } catch {
    return false;
  }
}

function keyOf(keys: Readonly<Record<string, unknown>>, name: string, bytes: number): string {
  const given = keys[name];
  if (typeof given === 'string' && Buffer.from(given, 'base64url').length === bytes) return given;
  throw problem(`/keys/${name}`, `this is not a key of ${bytes} bytes in base64url`);
}

const problem = (pointer: string, detail: string): HttpProblem =>
  new HttpProblem(400, 'webpush.subscription', detail, { more: { pointer } });
