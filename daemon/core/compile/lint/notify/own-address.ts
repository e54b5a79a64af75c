import type { DaemonSettings } from '../../../ruleset.ts';
import { readHostAndPort } from '../../../values/network.ts';
import { HTTP_URL, readUrl } from '../../../values/url.ts';

/** Hosts that mean the loopback, without the brackets of IPv6. */
const LOOPBACK = /^(?:localhost|::1|127(?:\.\d{1,3}){3})$/;
/** Addresses by which a listener takes connections to each address of the machine. */
const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Path at this daemon to which a URL leads, without the path below which a proxy publishes it; undefined if it leads elsewhere. */
export function ownPath(
  url: string,
  { listen, publicUrl }: Pick<DaemonSettings, 'listen' | 'publicUrl'>,
): string | undefined {
  const given = partsOf(url);
  const listener = readHostAndPort(listen, 0);
  if (given === undefined || 'message' in listener) return undefined;
  const published = publicUrl === undefined ? undefined : partsOf(publicUrl);
  const prefix = published?.path.replace(/\/+$/, '') ?? '';
  if (given.host === published?.host && given.port === published.port) {
    return given.path.startsWith(`${prefix}/`) ? given.path.slice(prefix.length) : undefined;
  }
  const isOwnHost = isListening(given.host, listener.host) || given.host === published?.host;
  return isOwnHost && given.port === listener.port ? given.path : undefined;
}

const isListening = (host: string, listening: string): boolean =>
  host === listening || (LOOPBACK.test(host) && (LOOPBACK.test(listening) || ANY_ADDRESS.has(listening)));

function partsOf(url: string): { readonly host: string; readonly port: number; readonly path: string } | undefined {
  const read = readUrl(url, HTTP_URL);
  if (!read.ok) return undefined;
  const { scheme, host, port = scheme === 'https' ? 443 : 80, target } = read.url;
  return { host, port, path: target.replace(/[?#].*$/s, '') };
}
