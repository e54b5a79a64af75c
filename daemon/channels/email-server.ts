import { isIP } from 'node:net';
import type { Secret } from '../lib/secret.ts';

export type TlsMode = 'auto' | 'required' | 'none';

export interface ServerSettings {
  readonly url?: Secret;
  readonly host?: string;
  readonly port?: number;
  readonly user?: string;
  readonly password?: Secret;
  readonly tls?: TlsMode;
}

/** Where mail is handed in, and how the way there is kept private. */
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

/** The server that settings name; undefined when the URL is no smtp or smtps URL, or there is neither URL nor host. */
export function mailServer(settings: ServerSettings): MailServer | undefined {
  const parts = settings.url === undefined ? fromFields(settings) : fromUrl(settings.url.reveal());
  if (parts === undefined) return undefined;
  const isLocal = isLoopback(parts.host);
  const tls = tlsFor(settings.tls ?? 'auto', parts, isLocal);
  return {
    host: parts.host,
    port: parts.port ?? (tls === 'implicit' ? IMPLICIT_PORT : SUBMISSION_PORT),
    tls,
    // Nobody stands between this machine and itself, and a local mail server's certificate is usually its own.
    verify: !(isLocal && tls === 'offered'),
    ...(parts.user !== undefined && { user: parts.user, password: parts.password ?? '' }),
  };
}

/** A password is never offered to the network in the clear, unless the rules say so with `none`. */
function tlsFor(mode: TlsMode, { implicit, user }: Parts, isLocal: boolean): MailServer['tls'] {
  if (implicit) return 'implicit';
  if (mode !== 'auto') return mode;
  return user === undefined || isLocal ? 'offered' : 'required';
}

function fromFields({ host, port, user, password }: ServerSettings): Parts | undefined {
  if (host === undefined) return undefined;
  return { host, port, implicit: port === IMPLICIT_PORT, user, password: password?.reveal() };
}

function fromUrl(text: string): Parts | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  if ((url.protocol !== 'smtp:' && url.protocol !== 'smtps:') || url.hostname === '') return undefined;
  const user = decoded(url.username);
  return {
    host: decoded(url.hostname).replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? undefined : Number(url.port),
    implicit: url.protocol === 'smtps:',
    user: user === '' ? undefined : user,
    password: url.password === '' ? undefined : decoded(url.password),
  };
}

/** A password with a bare `%` in it is taken as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isLoopback(host: string): boolean {
  if (isIP(host) === 0) return /(?:^|\.)localhost\.?$/i.test(host);
  return host === '::1' || /^(?:::ffff:)?127\./i.test(host);
}
