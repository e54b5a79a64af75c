import { isAddress, readHost, readPort } from './network.ts';

/** Parts that the URL in a setting may have; any other part is an error. */
export interface UrlForm {
  /** Allowed schemes, without the colon. */
  readonly schemes: readonly string[];
  /** User and password: sent as HTTP Basic, sent in another way, a password that needs no user, or not allowed. */
  readonly login: 'basic' | 'any' | 'password' | 'none';
  readonly path: 'any' | 'none';
  /** `any`: the query belongs to the remote server. Otherwise no query is allowed, and the map has the advice for some parameters, by their names in lower case. */
  readonly query: 'any' | Readonly<Record<string, string>>;
  /** A complete example. */
  readonly example: string;
  /** Other way to give a login, without encoding. */
  readonly loginElsewhere?: string;
}

export interface UrlParts {
  readonly scheme: string;
  readonly user?: string;
  readonly password?: string;
  /** IPv6 without brackets; names beyond ASCII as in DNS. */
  readonly host: string;
  readonly port?: number;
  /** Path and query, unchanged. */
  readonly target: string;
}

export type ReadUrl =
  | { readonly ok: true; readonly url: UrlParts }
  /** `message` continues a sentence that begins with the setting's name. It repeats nothing of the URL, which may contain a secret. */
  | { readonly ok: false; readonly message: string; readonly mend: string };

/** Any http or https URL; path and query belong to the remote server. */
export const HTTP_URL: UrlForm = {
  schemes: ['http', 'https'],
  login: 'basic',
  path: 'any',
  query: 'any',
  example: 'https://host/path',
  loginElsewhere: 'as a header, `Authorization`',
};

interface Split {
  readonly scheme: string;
  /** Text before the `@`, if there is one. */
  readonly login: string | undefined;
  readonly host: string;
  /** Text after the colon of the host, if there is one. */
  readonly port: string | undefined;
  readonly path: string;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

const WHOLE =
  /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?<authority>[^/?#]*)(?<path>[^?#]*)(?:\?(?<query>[^#]*))?(?:#(?<fragment>.*))?$/i;
const AUTHORITY = /^(?:(?<login>.*)@)?(?<host>\[[^\]]*\]|[^:]*)(?::(?<port>.*))?$/s;

/**
 * Reads a URL strictly (RFC 3986). Refuses everything that other parsers drop, repair or read differently, so that the checked URL
 * and the used URL are the same.
 */
export function readUrl(text: string, form: UrlForm): ReadUrl {
  if (/\{[{%]/.test(text))
    return wrong(
      'holds a template, which is not supported here',
      'write the address itself; give each address its own channel',
    );
  if (/[\s\p{Cc}\p{Cf}\p{Cs}\\]/u.test(text))
    return wrong(
      'holds a space, a backslash or an invisible character',
      'remove it, or write it as a code such as `%20`',
    );
  const split = splitUrl(text);
  if (split === undefined || !form.schemes.includes(split.scheme)) return wrong(formFault(form), wholeMend(form));
  const fault = FAULTS.map((find) => find(split, form, text)).find((found) => found !== undefined);
  if (fault !== undefined) return { ok: false, ...fault };
  const { scheme, login, host, port, path, query } = split;
  const [user, password] = loginOf(login);
  return {
    ok: true,
    url: {
      scheme,
      host: hostOf(host)!,
      target: query === undefined ? path : `${path}?${query}`,
      ...(user !== undefined && { user }),
      ...(password !== undefined && { password }),
      ...(port !== undefined && { port: Number(port) }),
    },
  };
}

function splitUrl(text: string): Split | undefined {
  const { scheme, authority = '', path = '', query, fragment } = WHOLE.exec(text)?.groups ?? {};
  if (scheme === undefined) return undefined;
  const { login, host, port } = AUTHORITY.exec(authority)?.groups ?? {};
  return { scheme: scheme.toLowerCase(), login, host: host ?? authority, port, path, query, fragment };
}

interface Fault {
  readonly message: string;
  readonly mend: string;
}

const wrong = (message: string, mend: string): { readonly ok: false } & Fault => ({ ok: false, message, mend });

const formFault = ({ schemes }: UrlForm): string =>
  schemes.every((scheme) => /^https?$/.test(scheme))
    ? 'is not an http or https URL'
    : `does not begin with ${schemes.map((scheme) => `\`${scheme}://\``).join(' or ')}`;

const wholeMend = ({ example }: UrlForm): string => `write it whole: \`${example}\``;

const encodeLogin = ({ loginElsewhere }: UrlForm): string =>
  `in the user and the password write \`@\` as \`%40\`, \`:\` as \`%3A\`, \`/\` as \`%2F\`, \`?\` as \`%3F\`, \`#\` as \`%23\` and \`%\` as \`%25\`${
    loginElsewhere === undefined ? '' : `; or give them as they are ${loginElsewhere}`
  }`;

const BARE_PERCENT = /%(?![0-9a-f]{2})/i;

/** Checks in the order of causes: a character that splits the URL wrongly is reported before its consequences. */
const FAULTS: readonly ((split: Split, form: UrlForm, text: string) => Fault | undefined)[] = [
  /** Finds `smtp://bob:/pw@mail`, in which the host would be `bob`. */
  ({ login, port, path, query, fragment }, form) => {
    const after = [path, query, fragment].some((part) => part?.includes('@') === true);
    const isSplit = after && login === undefined && port !== undefined && readPort(port) === undefined;
    const isBelow = after && form.path === 'none' && form.login !== 'none';
    return isSplit || isBelow
      ? { message: 'has a `/`, `?` or `#` in its user or password, which ends them', mend: encodeLogin(form) }
      : undefined;
  },
  ({ login }, form) => (login?.includes('@') ? { message: 'has a second `@`', mend: encodeLogin(form) } : undefined),
  ({ fragment }) =>
    fragment === undefined
      ? undefined
      : {
          message: 'has a `#` and a part after it, which is never sent',
          mend: 'remove it, or write `%23` for a plain `#`',
        },
  ({ login }, form, text) => {
    const message = 'has a `%` that is not followed by two hexadecimal digits';
    if (BARE_PERCENT.test(login ?? '')) return { message, mend: encodeLogin(form) };
    return BARE_PERCENT.test(text) ? { message, mend: 'write `%25` for a plain `%`' } : undefined;
  },
  loginFault,
  ({ host }, form) =>
    hostOf(host) === undefined
      ? {
          message: host === '' ? 'has no host' : 'has a host that is neither a name nor an address',
          mend: `${wholeMend(form)}; an IPv6 address needs brackets, an IPv4 address has four numbers`,
        }
      : undefined,
  ({ port }) =>
    port !== undefined && readPort(port) === undefined
      ? { message: 'has a port that is not a number from 1 to 65535', mend: 'correct it, or remove it with its `:`' }
      : undefined,
  ({ path }, form) =>
    form.path === 'none' && path !== '' && path !== '/'
      ? { message: 'has a path, which has no meaning here', mend: `remove it: \`${form.example}\`` }
      : undefined,
  queryFault,
];

function loginFault({ login }: Split, { login: allowed }: UrlForm): Fault | undefined {
  if (login === undefined) return undefined;
  if (allowed === 'none')
    return { message: 'has a user, which has no meaning here', mend: 'remove the part before the `@`' };
  const decoded = decodedLogin(login);
  if (decoded === undefined || decoded.some((part) => /\p{Cc}/u.test(part)))
    return {
      message: 'has a user or a password that is not a text',
      mend: 'encode it as UTF-8, without control characters',
    };
  const [user = '', password = ''] = decoded;
  if (user === '' && (password === '' || allowed === 'any'))
    return { message: 'has an `@` and no user before it', mend: 'write `user:password@`, or remove the `@`' };
  return allowed === 'basic' && user.includes(':')
    ? { message: 'has a `:` in its user, which HTTP cannot carry', mend: 'give the login as a header, or another user' }
    : undefined;
}

/** Fault of a query where none is allowed. */
function queryFault({ query }: Split, { query: settings }: UrlForm): Fault | undefined {
  if (query === undefined || settings === 'any') return undefined;
  const names = query.split('&').map((part) => part.split('=')[0]!.toLowerCase());
  const known = names.find((name) => Object.hasOwn(settings, name));
  return {
    message: 'has parameters (`?`), which have no meaning here',
    mend: known === undefined ? 'remove the `?` and the part after it' : settings[known]!,
  };
}

function hostOf(written: string): string | undefined {
  const [, address] = /^\[(.*)\]$/.exec(written) ?? [];
  if (address !== undefined) return address.includes(':') && isAddress(address) ? address : undefined;
  return written.includes(':') ? undefined : readHost(decoded(written) ?? '');
}

const loginOf = (login: string | undefined): readonly string[] =>
  login === undefined ? [] : (decodedLogin(login) ?? []);

/** User, and password if there is a colon; undefined if they are not UTF-8. */
function decodedLogin(login: string): readonly string[] | undefined {
  const colon = login.indexOf(':');
  const parts = colon === -1 ? [login] : [login.slice(0, colon), login.slice(colon + 1)];
  const texts = parts.map(decoded);
  return texts.includes(undefined) ? undefined : (texts as readonly string[]);
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
