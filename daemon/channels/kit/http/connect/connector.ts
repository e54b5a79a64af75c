import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Dialer } from '../../net/dialer.ts';
import type { ProxiedTarget } from '../../net/proxy.ts';
import { TlsClient } from '../../net/tls.ts';
import { connectProxy, isSocks, openTunnel } from '../../net/tunnel.ts';
import type { Connection } from './connection.ts';

export interface ConnectorOptions extends Connection {
  readonly net: Dialer;
  /** Milliseconds for each step of a connection. */
  readonly timeout: number;
}

/** Returns a function that connects to a server, directly or through a proxy. `forwards`: an HTTP proxy may get the requests for a server without TLS. */
export function connectionOpener({ net, timeout, proxyOf, ...options }: ConnectorOptions) {
  const tls = new TlsClient(options);
  const { ca } = options;
  // The proxy may have a certificate of the system's authorities, and the server one of `ca`.
  const proxyTls = new TlsClient(ca === undefined ? {} : { ca }, { system: true });
  return async (target: ProxiedTarget, { forwards }: { readonly forwards: boolean }): Promise<Socket> => {
    const proxy = proxyOf(target);
    const deps = { net, proxyTls, timeout };
    if (proxy !== undefined && forwards && !target.tls && !isSocks(proxy)) return await connectProxy(proxy, deps);
    const socket = proxy === undefined ? await net.connect(target, timeout) : await openTunnel(proxy, target, deps);
    return target.tls ? await tls.secure(socket, target.host, timeout) : socket;
  };
}

/** Opens the connections of an `Agent`. */
export const connectorOf = (open: ReturnType<typeof connectionOpener>): buildConnector.connector =>
  connectorFrom(({ hostname: host, protocol, port }) => {
    const tls = protocol === 'https:';
    return open({ tls, host, port: Number(port) || (tls ? 443 : 80) }, { forwards: true });
  });

/** Opens the connections of an `Agent` to a Unix socket. */
export const unixConnectorOf = (net: Dialer, path: string, timeout: number): buildConnector.connector =>
  connectorFrom(() => net.connectUnix(path, timeout));

const connectorFrom =
  (open: (target: buildConnector.Options) => Promise<Socket>): buildConnector.connector =>
  (target, callback) => {
    open(target).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
