import { SendFailure } from '../../../core/problems/failure.ts';
import { isAddress, isWithin, readHost, readNetwork, readPort } from '../../../core/values/network.ts';
import { type ProxyScheme, type ProxySetting, readProxyUrl } from '../../../core/values/proxy.ts';
import { type GivenSecret, Secret } from '../../../lib/secrets/secret.ts';

export interface Proxy {
  readonly scheme: ProxyScheme;
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Server behind a proxy. */
export interface ProxiedTarget {
  readonly tls: boolean;
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
}

const PORTS: Readonly<Record<ProxyScheme, number>> = { http: 80, https: 443, socks5: 1080, socks5h: 1080 };

/** Proxy of a setting that was checked; undefined if the connection is direct. Throws a `SendFailure` if a variable of the environment is not an address. */
export function proxyOf(setting: ProxySetting, target: ProxiedTarget, env: Environment): Proxy | undefined {
  if (setting === 'none') return undefined;
  if (setting instanceof Secret) return parsed(setting.reveal());
  const [name, text] = variable(env, target.tls ? 'HTTPS_PROXY' : 'HTTP_PROXY');
  if (text === undefined || isExcepted(variable(env, 'NO_PROXY')[1], target)) return undefined;
  const proxy = parsed(withScheme(text));
  if (proxy !== undefined) return proxy;
  const message = `the variable ${name} of the daemon's environment is not the address of a proxy`;
  throw new SendFailure('permanent', 'proxy.bad_url', message, { misconfigured: true });
}

/** Logins in the variables of the environment, which must not be shown. */
export const environmentSecrets = (env: Environment): readonly GivenSecret[] =>
  ['HTTPS_PROXY', 'HTTP_PROXY'].flatMap((name) =>
    [env[name], env[name.toLowerCase()]].flatMap((text = '') =>
      text.includes('@') ? [{ value: withScheme(text.trim()), role: 'url' as const, name }] : [],
    ),
  );

/** Adds the scheme to an address, which many programs accept without one. */
const withScheme = (text: string): string => (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `http://${text}`);

/** Name and value of a variable; the spelling in lower case comes first, as in curl. */
function variable(env: Environment, name: string): readonly [string, string | undefined] {
  const found = [name.toLowerCase(), name].find((each) => (env[each] ?? '').trim() !== '');
  return found === undefined ? [name, undefined] : [found, env[found]!.trim()];
}

function parsed(text: string): Proxy | undefined {
  const read = readProxyUrl(text);
  if (!read.ok) return undefined;
  const { host, port, user, password } = read.url;
  const scheme = read.url.scheme as ProxyScheme;
  return {
    scheme,
    host,
    port: port ?? PORTS[scheme],
    ...(user !== undefined && { user, password: password ?? '' }),
  };
}

/**
 * Whether NO_PROXY names the server: `*`, a name (also for the names below it, with a dot before it or not), an address or a
 * network; each may have a port. https://everything.curl.dev/usingcurl/proxies/env.html
 */
function isExcepted(list: string | undefined, { host, port }: ProxiedTarget): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return (list ?? '')
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      const [, bracketed, plain, portText] = /^(?:\[([^\]]*)\]|([^[\]]*?))(?::(\d+))?$/.exec(entry) ?? [];
      // An IPv6 address without brackets has colons of its own.
      const written = isAddress(entry) ? entry : (bracketed ?? plain ?? entry);
      if (written !== entry && portText !== undefined && readPort(portText) !== port) return false;
      if (written === '*') return true;
      const network = readNetwork(written);
      if (network !== undefined) return isWithin(host, network);
      const suffix = readHost(written.replace(/^\*?\./, ''))
        ?.toLowerCase()
        .replace(/\.$/, '');
      return suffix !== undefined && !isAddress(host) && (name === suffix || name.endsWith(`.${suffix}`));
    });
}
