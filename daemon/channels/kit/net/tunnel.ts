import type { Socket } from 'node:net';
import { SendFailure } from '../../../core/problems/failure.ts';
import { basicCredentials } from '../http/credentials/basic.ts';
import { failureOf, type HttpAnswer } from '../http/failures.ts';
import type { Dialer, DialTarget } from './dialer.ts';
import { HandshakeReader } from './handshake.ts';
import { networkFailure } from './network-failures.ts';
import type { Proxy } from './proxy.ts';
import { openSocksTunnel } from './socks.ts';
import type { TlsClient } from './tls.ts';

export interface TunnelDeps {
  readonly net: Dialer;
  /** TLS to the proxy itself. */
  readonly proxyTls: TlsClient;
  /** Milliseconds for each step. */
  readonly timeout: number;
}

export const isSocks = ({ scheme }: Proxy): boolean => scheme === 'socks5' || scheme === 'socks5h';

/** Connects to the proxy itself. Failures have codes of their own (`proxy.refused`), because the server is not the cause. */
export async function connectProxy(proxy: Proxy, { net, proxyTls, timeout }: TunnelDeps): Promise<Socket> {
  try {
    const socket = await net.connect(proxy, timeout);
    return proxy.scheme === 'https' ? await proxyTls.secure(socket, proxy.host, timeout) : socket;
  } catch (error) {
    throw proxyFailure(error);
  }
}

/** Opens a connection to a server through a proxy. Rejects with a `SendFailure`: nothing was sent to the server. */
export async function openTunnel(proxy: Proxy, target: DialTarget, deps: TunnelDeps): Promise<Socket> {
  const reached = proxy.scheme === 'socks5' ? await lookedUp(target, deps.net) : target;
  const socket = await connectProxy(proxy, deps);
  const reader = new HandshakeReader(socket, deps.timeout);
  try {
    await (isSocks(proxy) ? openSocksTunnel : openHttpTunnel)(proxy, reached, reader);
    reader.end();
    return socket;
  } catch (error) {
    socket.on('error', () => undefined);
    socket.destroy();
    throw proxyFailure(error);
  }
}

/** Replaces a name by one of its addresses that `daemon.egress` allows. */
function lookedUp({ host, port }: DialTarget, net: Dialer): Promise<DialTarget> {
  return new Promise((resolve, reject) =>
    net.lookup(host, {}, (error, address) =>
      error === null ? resolve({ host: address as string, port }) : reject(networkFailure(error, false)),
    ),
  );
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6 */
async function openHttpTunnel(proxy: Proxy, { host, port }: DialTarget, reader: HandshakeReader): Promise<void> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const headers = { host: authority, 'user-agent': 'Belfry', ...proxyAuthorization(proxy) };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  reader.socket.write(`CONNECT ${authority} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const head = (await reader.text('\r\n\r\n')) ?? '';
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(head)?.[1]);
  if (Number.isNaN(status))
    throw new SendFailure('permanent', 'proxy.garbled', 'the proxy does not speak HTTP', { misconfigured: true });
  if (status < 200 || status > 299)
    throw proxyRefusal({ status, headers: pauseIn(head), text: reader.rest.toString('utf8') });
}

/** The header `Retry-After`, if it is a number of seconds: a date would need the clock. */
function pauseIn(head: string): Record<string, string> {
  const seconds = /^retry-after: *(\d+) *\r$/im.exec(head)?.[1];
  return seconds === undefined ? {} : { 'retry-after': seconds };
}

/** Header with the login of an HTTP proxy. https://www.rfc-editor.org/rfc/rfc9110#section-11.7.2 */
export function proxyAuthorization({ user, password = '' }: Proxy): Record<string, string> {
  if (user === undefined) return {};
  return { 'proxy-authorization': basicCredentials(user, password) };
}

const WANTS_LOGIN = { 407: { misconfigured: true, message: 'it refuses the login, or wants one in its address' } };

/** Failure for an answer of the proxy itself. Whatever is permanent concerns all messages, since all have the same server. */
export function proxyRefusal(answer: HttpAnswer): SendFailure {
  const failure = failureOf(answer, 0, WANTS_LOGIN);
  const misconfigured = failure.class === 'permanent' ? { misconfigured: true } : {};
  const detail = { ...failure.detail, ...misconfigured };
  return new SendFailure(
    failure.class,
    `proxy.${answer.status}`,
    `the proxy does not connect: ${failure.message}`,
    detail,
  );
}

/** Failure of the connection to the proxy. */
function proxyFailure(error: unknown): SendFailure {
  const { class: failureClass, code, message, detail } = networkFailure(error, false);
  if (/^(?:proxy\.|net\.egress)/.test(code)) return networkFailure(error, false);
  return new SendFailure(failureClass, `proxy.${code.replace(/^.*\./, '')}`, `the proxy: ${message}`, detail);
}
