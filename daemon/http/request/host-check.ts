import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { DaemonApi } from '../daemon-api.ts';
import { HttpProblem } from '../problem.ts';

/** Which names a request may call this daemon by, and which pages may make a browser send one. */
export interface Gate {
  /** Throws the 421 of a Host that is not a name of this daemon: a page of somebody else may have a name that resolves to it. */
  checkHost(request: IncomingMessage): void;
  /** Throws the 403 of a page of another origin. Returns the origin when it is one of `daemon.origins`, which pass only where `listed` says so. */
  checkOrigin(request: IncomingMessage, listed: boolean): string | undefined;
  /** Throws the 403 of a page of another origin where the request proves nothing else; also when only `Sec-Fetch-Site` tells of the page, as with an image. */
  checkSite(request: IncomingMessage): void;
}

const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '::1'];
const LOOPBACK_ADDRESS = /^127\.\d+\.\d+\.\d+$/;
/** `none`: the person themselves, by a bookmark or the address bar. */
const OWN_SITES: readonly unknown[] = [undefined, 'same-origin', 'none'];

/** `listenHost` is the host in `daemon.listen`; the other names are read at each request, because a reload may change them. */
export function openGate(listenHost: string, daemon: Pick<DaemonApi, 'publicUrl' | 'origins'>): Gate {
  const ours = new Set([...LOOPBACK, listenHost.toLowerCase()]);
  const open = !LOOPBACK.includes(listenHost) && !LOOPBACK_ADDRESS.test(listenHost);
  // Whoever listens beyond the loopback is reached by addresses nobody listed; an address is no name that could be rebound.
  const isOurs = (host: string | undefined): boolean =>
    host !== undefined &&
    (ours.has(host) ||
      (open && isIP(host) !== 0) ||
      LOOPBACK_ADDRESS.test(host) ||
      host === hostOf(urlOf(daemon.publicUrl())));
  /** The origin is that of the very address that the browser sent the request to, and this is a name of ours. */
  const isOwn = (origin: string, host: string | undefined): boolean => {
    const url = urlOf(origin);
    if (url === undefined || url.origin !== origin || !isOurs(hostOf(url))) return false;
    return origin === urlOf(daemon.publicUrl())?.origin || urlOf(`${url.protocol}//${host}`)?.host === url.host;
  };
  const isForeign = ({ headers: { origin, host } }: IncomingMessage): boolean =>
    origin !== undefined && !isOwn(origin, host);
  // The Host that came last, and the setting that it was accepted by: senders use the same name again and again.
  let accepted: string | undefined;
  let acceptedBy: string | undefined;
  return {
    checkHost(request) {
      const named = request.headers.host;
      const setting = daemon.publicUrl();
      // Only HTTP/1.0 may go without, and no browser speaks it.
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
        throw foreignPage('pages of other origins may not send here, because no proof is asked for');
    },
  };
}

const foreignPage = (detail: string): HttpProblem => new HttpProblem(403, 'origin.foreign', detail);

/** Headers that a request has once: with two of them, a proxy and this daemon might each believe another one. */
const ONCE = new Set([
  'host',
  'origin',
  'authorization',
  'content-type',
  'idempotency-key',
  'last-event-id',
  'sec-fetch-site',
]);

/** Throws the 400 of a header that comes twice, and of a request without a Host (https://www.rfc-editor.org/rfc/rfc9112#section-3.2). */
export function checkHeaders({ rawHeaders, headers, httpVersion }: IncomingMessage): void {
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
