/** Parts of the URL of a notification service. Tokens may stand where other URLs have a host, so the host is any text. */
interface Parts {
  readonly scheme: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  readonly port: number | undefined;
  readonly path: readonly string[];
  readonly query: ReadonlyMap<string, string>;
}

const FORM =
  /^(?<scheme>[a-z][a-z\d+.-]*):\/\/(?:(?<login>[^/?]*)@)?(?<host>\[[\da-f:.]+\]|[^/?]*?)(?::(?<port>\d{1,5}))?(?:\/(?<path>[^?]*))?(?:\?(?<query>.*))?$/is;

/** Reads a URL; undefined if it has no scheme. A `+` in the query stays one, since phone numbers have it. */
export function readServiceUrl(text: string): ServiceUrl | undefined {
  const { scheme, login, host = '', port, path = '', query = '' } = FORM.exec(text.trim())?.groups ?? {};
  if (scheme === undefined) return undefined;
  const colon = login?.indexOf(':') ?? -1;
  return new ServiceUrl({
    scheme: scheme.toLowerCase(),
    user: textOf(colon < 0 ? login : login!.slice(0, colon)),
    password: colon < 0 ? undefined : textOf(login!.slice(colon + 1)),
    host: decoded(host),
    port: port === undefined ? undefined : Number(port),
    path: path.split('/').map(decoded).filter(isPresent),
    query: new Map(query.split('&').filter(isPresent).map(readParameter)),
  });
}

const isPresent = (text: string): boolean => text.trim() !== '';

/** Decodes a text; one with a `%` that begins no code is taken as it is, as Apprise does. */
function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

function textOf(encoded: string | undefined): string | undefined {
  return encoded === undefined || encoded === '' ? undefined : decoded(encoded);
}

function readParameter(pair: string): readonly [string, string] {
  const equals = pair.indexOf('=');
  const [name, value] = equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)];
  return [decoded(name), decoded(value)];
}

/** First characters of parameters that are no options of the service: headers, fields and the like. */
const MARKED = /^[+:@$-]/;

/** URL of a notification service. It remembers which parameters were read, so that the others can be reported. */
export class ServiceUrl {
  readonly #parts: Parts;
  /** Options by their names in lower case; the names of headers and fields keep their case. */
  readonly #options: ReadonlyMap<string, string>;
  readonly #used = new Set<string>();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#options = new Map(
      [...parts.query].map(([name, value]) => [MARKED.test(name) ? name : name.toLowerCase(), value]),
    );
  }

  /** The same URL with further options, as a YAML configuration has them. */
  with(options: ReadonlyMap<string, string>): ServiceUrl {
    return new ServiceUrl({ ...this.#parts, query: new Map([...this.#parts.query, ...options]) });
  }

  get scheme(): string {
    return this.#parts.scheme;
  }

  get user(): string | undefined {
    return this.option('user') ?? this.#parts.user;
  }

  get password(): string | undefined {
    return this.option('password', 'pass') ?? this.#parts.password;
  }

  /** Empty if the URL has none. */
  get host(): string {
    return this.option('host') ?? this.#parts.host;
  }

  get port(): number | undefined {
    const port = this.option('port');
    return port === undefined ? this.#parts.port : Number(port);
  }

  /** Segments of the path, decoded. */
  get path(): readonly string[] {
    return this.#parts.path;
  }

  /** Host with the port, and in brackets if it is an IPv6 address without them. */
  get authority(): string {
    const { host, port } = this;
    return `${/^[\da-f:]*:[\da-f:]*$/i.test(host) ? `[${host}]` : host}${port === undefined ? '' : `:${port}`}`;
  }

  /** Address of the server with these segments as path. */
  address(scheme: string, segments: readonly string[]): string {
    return [`${scheme}://${this.authority}`, ...segments.map(encodeURIComponent)].join('/');
  }

  /** First option of these names that is not empty. */
  option(...names: readonly string[]): string | undefined {
    for (const name of names) this.#used.add(name);
    return names.map((name) => this.#options.get(name)).find((value) => value !== undefined && isPresent(value));
  }

  /** Items of an option, which commas or blanks separate. */
  items(...names: readonly string[]): readonly string[] {
    return (this.option(...names) ?? '').split(/[\s,;]+/).filter(isPresent);
  }

  isSet(name: string): boolean {
    return /^(?:y|yes|t|true|1|on)/i.test(this.option(name) ?? '');
  }

  /** Parameters whose names begin with this character, without it. */
  marked(mark: '+' | ':' | '-' | '@' | '$'): ReadonlyMap<string, string> {
    const found = [...this.#options].filter(([name]) => name.startsWith(mark));
    for (const [name] of found) this.#used.add(name);
    return new Map(found.map(([name, value]) => [name.slice(1), value]));
  }

  /** Reads the parameters that were not read yet. */
  others(): ReadonlyMap<string, string> {
    const names = this.unused;
    for (const name of names) this.#used.add(name);
    return new Map(names.map((name) => [name, this.#options.get(name)!]));
  }

  /** Names of the parameters that were not read. */
  get unused(): readonly string[] {
    return [...this.#options.keys()].filter((name) => !this.#used.has(name));
  }
}
