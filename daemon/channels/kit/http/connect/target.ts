import { HTTP_URL, readUrl, type UrlParts } from '../../../../core/values/url.ts';
import { basicCredentials } from '../credentials/basic.ts';
import { readUnixUrl } from './unix-url.ts';

/** Destination of a request in the form of the dispatcher. */
export interface Target {
  readonly origin: string;
  readonly path: string;
  /** Headers that follow from the URL. */
  readonly headers: Readonly<Record<string, string>>;
  /** Server in a network; undefined for a Unix socket. */
  readonly server?: { readonly tls: boolean; readonly host: string; readonly port: number };
  /** Path of the Unix socket. */
  readonly socket?: string;
}

/** Parses a URL; undefined when it is neither an http or https URL nor one of a Unix socket. */
export function targetOf(text: string): Target | undefined {
  const unix = readUnixUrl(text);
  if (unix !== undefined) {
    if (!unix.ok) return undefined;
    return { origin: 'http://localhost', path: unix.path, headers: {}, socket: unix.socket };
  }
  const read = readUrl(text, HTTP_URL);
  if (!read.ok || !URL.canParse(text)) return undefined;
  const { origin, pathname, search } = new URL(text);
  const { scheme, host, port } = read.url;
  const tls = scheme === 'https';
  return {
    origin,
    path: `${pathname}${search}`,
    headers: credentialsOf(read.url),
    server: { tls, host, port: port ?? (tls ? 443 : 80) },
  };
}

/** HTTP Basic credentials of `https://user:password@host`, as a browser would send them. */
function credentialsOf({ user, password = '' }: UrlParts): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: basicCredentials(user, password) };
}
