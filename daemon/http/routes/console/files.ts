import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { packageRoot } from '../../../lib/files/package-root.ts';
import { HttpProblem } from '../../problem.ts';
import type { Route } from '../route.ts';
import { requireConsole } from './login.ts';

/** The page for a language. They differ in the texts that are loaded first. */
const PAGES = { en: 'index-en.html', zh: 'index-zh.html' } as const;

/** Media types of the files by the end of their names. */
const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
};

/** Encodings of which the build has written a copy, the smallest first. */
const ENCODINGS = [
  ['br', '.br'],
  ['gzip', '.gz'],
] as const;

/** Forbids inline scripts and styles, files of other origins, and frames. `connect-src` of `default-src` includes the WebSocket of the same origin. */
const POLICY = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');

const HEADERS = {
  'content-security-policy': POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  vary: 'accept-encoding',
};

/** Headers of the page. It names the files of this build, so a browser has to ask for it each time. */
const PAGE_HEADERS = { 'cache-control': 'no-cache', vary: 'accept-encoding, accept-language' };

/** Names of the built files. */
let names: ReadonlySet<string> | undefined;

const folder = (): URL => new URL('bundle/console/', packageRoot());

function isBuilt(name: string): boolean {
  names ??= new Set(readdirSync(folder()).filter((file) => !/\.(?:br|gz)$/.test(file)));
  return names.has(name);
}

/** Encodings that a client takes; those with `q=0` are refused. https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3 */
function acceptedEncodings(header: string | string[] | undefined): ReadonlySet<string> {
  const named = String(header ?? '')
    .toLowerCase()
    .split(',');
  return new Set(named.filter((part) => !/;\s*q=0(?:\.0*)?\s*$/.test(part)).map((part) => part.split(';')[0]!.trim()));
}

/** Sends a file in an encoding that the client takes. */
function sendFile(
  request: IncomingMessage,
  response: ServerResponse,
  name: string,
  headers: Readonly<Record<string, string>>,
): void {
  const accepted = acceptedEncodings(request.headers['accept-encoding']);
  const [encoding, suffix] = ENCODINGS.find(([known]) => accepted.has(known)) ?? [undefined, ''];
  const content = readFileSync(new URL(`${name}${suffix}`, folder()));
  response.writeHead(200, {
    ...HEADERS,
    ...headers,
    'content-type': TYPES[name.slice(name.lastIndexOf('.') + 1)]!,
    ...(encoding !== undefined && { 'content-encoding': encoding }),
    'content-length': content.length,
  });
  response.end(content);
}

/** Files of the web console, as `build/console.mjs` writes them. They hold no data: every call of the page needs a token. */
export const consoleFileRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/',
    scope: 'open',
    summary: 'The web console.',
    answers: { 200: 'HTML', 304: 'Not changed', 404: '`daemon.console` is false' },
    handle({ request, response }, { daemon }) {
      requireConsole(daemon);
      const page = PAGES[/^\s*zh\b/i.test(request.headers['accept-language'] ?? '') ? 'zh' : 'en'];
      const etag = `"${createHash('sha256')
        .update(readFileSync(new URL(page, folder())))
        .digest('base64url')}"`;
      if (request.headers['if-none-match'] === etag)
        response.writeHead(304, { ...HEADERS, ...PAGE_HEADERS, etag }).end();
      else sendFile(request, response, page, { ...PAGE_HEADERS, etag });
    },
  },
  {
    method: 'GET',
    path: '/console/:file',
    scope: 'open',
    summary: 'A file of the web console. Its name has a hash of its content.',
    answers: { 200: 'JavaScript, CSS or SVG', 404: 'No such file' },
    handle({ request, response, params: { file = '' } }, { daemon }) {
      requireConsole(daemon);
      if (file.endsWith('.html') || !isBuilt(file))
        throw new HttpProblem(404, 'path.none', 'there is no such file; load the page anew');
      sendFile(request, response, file, { 'cache-control': 'public, max-age=31536000, immutable' });
    },
  },
];
