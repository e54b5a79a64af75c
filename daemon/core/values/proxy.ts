import type { Secret } from '../../lib/secrets/secret.ts';
import { type ReadUrl, readUrl, type UrlForm } from './url.ts';

/** Setting `proxy`: an address, the proxies that the environment names, or none. */
export type ProxySetting = Secret | 'env' | 'none';

/** Kinds of proxies. `https`: HTTP over TLS. `socks5h`: SOCKS 5 that looks up the names of servers; for `socks5` they are looked up here. */
const PROXY_SCHEMES = ['http', 'https', 'socks5', 'socks5h'] as const;
export type ProxyScheme = (typeof PROXY_SCHEMES)[number];

const PROXY_URL: UrlForm = {
  schemes: PROXY_SCHEMES,
  login: 'basic',
  path: 'none',
  query: {},
  example: 'http://user:password@proxy.internal:3128',
};

/** Reads the address of a proxy. */
export const readProxyUrl = (text: string): ReadUrl => readUrl(text, PROXY_URL);

/** Fault of the address in the setting `proxy`. */
export function proxyFault(text: string): { readonly message: string; readonly mend: string } | undefined {
  const read = readProxyUrl(text);
  if (read.ok) return undefined;
  return { message: `\`proxy\` ${read.message}`, mend: `${read.mend}; or \`env\` or \`none\`` };
}
