import type { SettingProblem } from '../../../core/compile/registry.ts';
import { secret } from '../../../core/schema/fields.ts';
import { readUrl, type UrlForm } from '../../../core/values/url.ts';
import type { Secret } from '../../../lib/secrets/secret.ts';
import type { ChannelEndpoint, ChannelUses } from '../../channel.ts';
import { authorityFault, caSetting } from '../net/certificates.ts';
import { type Pem, trusted } from '../net/pem.ts';

/** Server of a broker, as its settings name it. */
export interface Server {
  readonly scheme: string;
  /** IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte, or after a greeting of the server where the protocol has one. */
  readonly isSecure: boolean;
  readonly user?: string;
  readonly password?: string;
  /** Path of the URL, decoded, without the `/` at its beginning; undefined if the URL has none. */
  readonly path?: string;
  /** Path and query, unchanged. */
  readonly target: string;
  /** PEM of authorities to trust instead of the system's. */
  readonly ca?: Pem;
}

/** Form of the URL of a broker. */
export interface ServerForm extends Pick<UrlForm, 'login' | 'path' | 'query' | 'example'> {
  /** Default port and use of TLS, by scheme. */
  readonly schemes: Readonly<Record<string, { readonly port: number; readonly tls: boolean }>>;
}

export interface ServerSettings {
  readonly url: Secret;
  readonly ca?: Pem;
}

/** Settings `url` and `ca`. */
export const serverSettings = (description: string, example: string) => ({
  url: secret({ description, examples: [example] }),
  ca: caSetting(),
});

/** Reads `url`; returns the problem if it is not valid. */
function readServer({ url, ca }: ServerSettings, form: ServerForm): Server | SettingProblem {
  const read = readUrl(url.reveal(), { ...form, schemes: Object.keys(form.schemes) });
  if (!read.ok) return { pointer: '/url', message: `\`url\` ${read.message}`, mend: read.mend };
  const { scheme, host, port, user, password, target } = read.url;
  const standard = form.schemes[scheme]!;
  const path = decodedPath(target);
  if (path === undefined) {
    const mend = 'encode it as UTF-8, such as `%C3%A9` for `é`';
    return { pointer: '/url', message: '`url` has a path that is not a text', mend };
  }
  return {
    scheme,
    host,
    port: port ?? standard.port,
    isSecure: standard.tls,
    target,
    ...(path !== '' && { path }),
    ...(user !== undefined && user !== '' && { user }),
    ...(password !== undefined && { password }),
    ...(ca !== undefined && { ca }),
  };
}

function decodedPath(target: string): string | undefined {
  try {
    return decodeURIComponent(target.replace(/^\//, '').replace(/\?.*$/s, ''));
  } catch {
    return undefined;
  }
}

/** Server of settings that were checked when they were loaded. */
export const serverOf = (settings: ServerSettings, form: ServerForm): Server => readServer(settings, form) as Server;

/** Problems of `url` and `ca`. */
export function checkServer(settings: ServerSettings, form: ServerForm): SettingProblem[] {
  const server = readServer(settings, form);
  if ('pointer' in server) return [server];
  if (settings.ca === undefined) return [];
  if (!server.isSecure) {
    const secure = Object.keys(form.schemes).filter((scheme) => form.schemes[scheme]!.tls);
    const mend = `write \`${secure.map((scheme) => `${scheme}://`).join('` or `')}\` in \`url\`, or remove \`ca\``;
    return [{ pointer: '/ca', message: '`ca` has no meaning for a connection without TLS', mend }];
  }
  const fault = authorityFault(settings.ca);
  return fault === undefined ? [] : [{ pointer: '/ca', ...fault }];
}

/** Server for `belfry doctor`. `more` replaces parts of the endpoint. */
export function usesServer(
  settings: ServerSettings,
  form: ServerForm,
  more: Partial<ChannelEndpoint> = {},
): ChannelUses {
  const server = readServer(settings, form);
  if ('pointer' in server) return {};
  const { host, port, isSecure, ca } = server;
  const tls = isSecure ? 'implicit' : 'none';
  return { endpoints: [{ host, port, tls, verify: true, ...trusted(ca), ...more }] };
}
