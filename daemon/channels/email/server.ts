import { isIP } from 'node:net';
import { readHost } from '../../core/values/network.ts';
import { readUrl, type UrlForm } from '../../core/values/url.ts';
import type { Secret } from '../../lib/secrets/secret.ts';

export type TlsMode = 'auto' | 'required' | 'none';

export interface ServerSettings {
  readonly url?: Secret;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: Secret;
  readonly tls?: TlsMode;
}

/** Mail server, with its login and its use of TLS. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  /** `implicit`: TLS from the first byte. `required`: STARTTLS or nothing. `offered`: STARTTLS if there is any. */
  readonly tls: 'implicit' | 'required' | 'offered' | 'none';
  readonly verify: boolean;
}

interface Parts {
  readonly host: string;
  readonly port: number | undefined;
  readonly implicit: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

const IMPLICIT_PORT = 465;
const SUBMISSION_PORT = 587;

/** Problems of `url` or `host`. */
export interface ServerFault {
  readonly pointer: '/url' | '/host';
  readonly message: string;
  readonly mend: string;
}

/** Reads the mail server from `url` or from `host`; returns the fault if they are invalid. */
export function readMailServer(settings: ServerSettings): MailServer | ServerFault {
  const parts = settings.url === undefined ? fromFields(settings) : fromUrl(settings.url.reveal());
  if ('pointer' in parts) return parts;
  const isLocal = isLoopback(parts.host);
  const tls = tlsFor(settings.tls ?? 'auto', parts, isLocal);
  return {
    host: parts.host,
    port: parts.port ?? (tls === 'implicit' ? IMPLICIT_PORT : SUBMISSION_PORT),
    tls,
    // A connection within this machine is private, and the certificate of a local mail server is usually self-signed.
    verify: !(isLocal && tls === 'offered'),
    ...(parts.user !== undefined && { user: parts.user, password: parts.password ?? '' }),
  };
}

/** Use of TLS. A password is sent in the clear only where the rules say `none`. */
function tlsFor(mode: TlsMode, { implicit, user }: Parts, isLocal: boolean): MailServer['tls'] {
  if (implicit) return 'implicit';
  if (mode !== 'auto') return mode;
  return user === undefined || isLocal ? 'offered' : 'required';
}

function fromFields({ host = '', port, user, password }: ServerSettings): Parts | ServerFault {
  const name = readHost(host.replace(/^\[(.*:.*)\]$/, '$1'));
  if (name === undefined) {
    const message = '`host` is neither a name nor an address';
    return {
      pointer: '/host',
      message,
      mend: 'give the name or the address alone; set the port as `port` and the user as `user`',
    };
  }
  return { host: name, port, implicit: port === IMPLICIT_PORT, user, password: password?.reveal() };
}

const BY_TLS = 'set it beside the `url`: `tls: required`, `tls: none` or `tls: auto`';
const BY_CA =
  'certificates are checked unless the mail server is on this machine; give an authority of your own in `ca`';
const BY_CONCURRENCY =
  'connections are always kept open; `delivery.concurrency` limits how many mails are sent at once';

/** Parameters of other programs' SMTP URLs, each with the setting to use here. */
const SMTP_URL: UrlForm = {
  schemes: ['smtp', 'smtps'],
  login: 'any',
  path: 'none',
  example: 'smtps://user:password@host:465',
  loginElsewhere: 'as `host`, `user` and `password` in place of `url`',
  query: {
    requiretls: 'set it beside the `url`: `tls: required`',
    ignoretls: 'set it beside the `url`: `tls: none`',
    opportunistictls: BY_TLS,
    tls: BY_TLS,
    starttls: BY_TLS,
    encryption: BY_TLS,
    secure: 'write `smtps://` for TLS from the first byte, or set `tls: required` beside the `url`',
    ssl: 'write `smtps://` for TLS from the first byte, or set `tls: required` beside the `url`',
    rejectunauthorized: BY_CA,
    'tls.rejectunauthorized': BY_CA,
    verify: BY_CA,
    pool: BY_CONCURRENCY,
    maxconnections: BY_CONCURRENCY,
    maxmessages: BY_CONCURRENCY,
    ratelimit: 'set it beside the `url`: `delivery: { rate: 20/1m }`',
    connectiontimeout: 'set it beside the `url`: `delivery: { timeout: 30s }`',
    sockettimeout: 'set it beside the `url`: `delivery: { timeout: 30s }`',
    timeout: 'set it beside the `url`: `delivery: { timeout: 30s }`',
    from: 'set it beside the `url`: `from`',
    to: 'set it beside the `url`: `to`',
  },
};

function fromUrl(text: string): Parts | ServerFault {
  const read = readUrl(text, SMTP_URL);
  if (!read.ok) return { pointer: '/url', message: `\`url\` ${read.message}`, mend: read.mend };
  const { scheme, host, port, user, password } = read.url;
  return { host, port, implicit: scheme === 'smtps', user, password };
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return /(?:^|\.)localhost\.?$/i.test(host);
  return host === '::1' || /^(?:::ffff:)?127\./i.test(host);
}
