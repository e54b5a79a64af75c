import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { DaemonApi } from '../daemon-api.ts';
import { HttpProblem } from '../problem.ts';

/** Checks of the headers `Host` and `Origin`: names of this daemon, and web pages that may call it. */
export interface HostCheck {
  /** Throws 421 when `Host` is not a name of this daemon. Stops DNS rebinding: a foreign name can resolve to this address. */
  checkHost(request: IncomingMessage): void;
  /** Throws 403 for a page of another origin. Where `listed` is set, the pages of `daemon.origins` pass; their origin is returned. */
  checkOrigin(request: IncomingMessage, listed: boolean): string | undefined;
  /** Throws 403 for a page of another origin where the request is not verified. Also detects pages by `Sec-Fetch-Site`, as for an image. */
  checkSite(request: IncomingMessage): void;
  /** Whether a form was sent by a page of another origin, as far as the browser says so. */
  isForeignForm(request: IncomingMessage): boolean;
}

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1'];
const LOOPBACK_ADDRESS = /^127\.\d+\.\d+\.\d+$/;
/** Values of `Sec-Fetch-Site` that pass; `none` is a bookmark or the address bar. */
const OWN_SITES: readonly unknown[] = [undefined, 'same-origin', 'none'];

/** Creates the checks. `listenHost` is the host in `daemon.listen`; other names are read at each request, because a reload may change them. */
export function openHostCheck(listenHost: string, daemon: Pick<DaemonApi, 'publicUrl' | 'origins'>): HostCheck {
  const ours = new Set([...LOOPBACK, listenHost.toLowerCase()]);
  const open = !LOOPBACK.includes(listenHost) && !LOOPBACK_ADDRESS.test(listenHost);
  // A daemon that listens beyond the loopback has addresses that no setting lists. An address, unlike a name, cannot be rebound.
  const isOurs = (host: string | undefined): boolean =>
    host !== undefined &&
    (ours.has(host) ||
      (open && isIP(host) !== 0) ||
      LOOPBACK_ADDRESS.test(host) ||
      host === hostOf(urlOf(daemon.publicUrl())));
  /** Test whether the page came from the address to which the browser sends the request, and this is a name of this daemon. */
  const isOwn = (origin: string, host: string | undefined): boolean => {
    const url = urlOf(origin);
    if (url === undefined || url.origin !== origin || !isOurs(hostOf(url))) return false;
    return origin === urlOf(daemon.publicUrl())?.origin || urlOf(`${url.protocol}//${host}`)?.host === url.host;
  };
  const isForeign = ({ headers: { origin, host } }: IncomingMessage): boolean =>
    origin !== undefined && !isOwn(origin, host);
  // The last accepted Host is remembered with its setting, because clients send the same name again.
  let accepted: string | undefined;
  let acceptedBy: string | undefined;
  return {
    checkHost(request) {
      const named = request.headers.host;
      const setting = daemon.publicUrl();
      // Only HTTP/1.0 may omit Host, and no browser uses it.
      if (named === undefined || (named === accepted && setting === acceptedBy)) return;
      const url = /[/@?#\\\s]/.test(named) ? undefined : urlOf(`http://${named}`);
      if (url === undefined || !isOurs(hostOf(url)))
        throw new HttpProblem(421, 'host.foreign', 'this is not a name of this daemon; see `daemon.public_url`');
      accepted = named;
      acceptedBy = setting;
    },
    checkOrigin(request, listed) {
      if (!isForeign(request)) return undefined;
      if (!listed) throw foreignPage('pages of other origins may not use this');
      const origin = request.headers.origin!;
      if (daemon.origins().includes(origin)) return origin;
      throw foreignPage(
        'pages of other origins may not use this; name those of your own applications in `daemon.origins`',
      );
    },
    checkSite(request) {
      if (isForeign(request) || !OWN_SITES.includes(request.headers['sec-fetch-site']))
        throw foreignPage('pages of other origins may not send here, because this source verifies nothing');
    },
    isForeignForm({ headers }) {
      const { origin, host, 'sec-fetch-site': site } = headers;
      if (!OWN_SITES.includes(site)) return true;
      // A page with `Referrer-Policy: no-referrer` sends `Origin: null`, also to itself (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
      if (origin === undefined || origin === 'null') return false;
      return origin !== urlOf(daemon.publicUrl())?.origin && urlOf(origin)?.host !== host;
    },
  };
}

const foreignPage = (detail: string): HttpProblem => new HttpProblem(403, 'origin.foreign', detail);

/** Headers that must not repeat: a proxy and this daemon could each use another one. */
const ONCE = new Set([
  'host',
  'origin',
  'authorization',
  'content-type',
  'idempotency-key',
  'last-event-id',
  'sec-fetch-site',
]);

/** Browsers send about twenty, proxies add some. */
export const MAX_HEADERS = 100;

/** Throws 431 for too many headers, 400 for a repeated one and for a request without Host (https://www.rfc-editor.org/rfc/rfc9112#section-3.2). */
export function checkHeaders({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
  if (rawHeaders.length > 2 * MAX_HEADERS)
    throw new HttpProblem(431, 'header.too_many', `a request has at most ${MAX_HEADERS} headers`);
  let seen: string[] | undefined;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]!.toLowerCase();
    if (!ONCE.has(name)) continue;
    if (seen?.includes(name)) throw repeated(name);
    (seen ??= []).push(name);
  }
  if (headers.host === undefined && httpVersion !== '1.0')
    throw new HttpProblem(400, 'host.missing', 'a request has exactly one Host header');
}

function repeated(name: string): HttpProblem {
  if (name === 'host') return new HttpProblem(400, 'host.missing', 'a request has exactly one Host header');
  return new HttpProblem(400, 'header.repeated', `the header \`${name}\` comes twice; send it once`);
}

function urlOf(text: string | undefined): URL | undefined {
  return text !== undefined && URL.canParse(text) ? new URL(text) : undefined;
}

function hostOf(url: URL | undefined): string | undefined {
  return url?.hostname.toLowerCase().replace(/^\[|\]$/g, '');
}
