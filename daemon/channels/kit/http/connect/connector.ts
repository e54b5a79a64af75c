import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Dialer } from '../../net/dialer.ts';
import { TlsClient } from '../../net/tls.ts';
import { connectProxy, isSocks, openTunnel } from '../../net/tunnel.ts';
import type { Connection } from './connection.ts';

export interface ConnectorOptions extends Connection {
  readonly net: Dialer;
  /** Milliseconds for each step of a connection. */
  readonly timeout: number;
}

/** Opens the connections of an `Agent`, directly or through a proxy. */
export function connectorOf({ net, timeout, proxyOf, ...options }: ConnectorOptions): buildConnector.connector {
  const tls = new TlsClient(options);
  const { ca } = options;
  // The proxy may have a certificate of the system's authorities, and the server one of `ca`.
  const proxyTls = new TlsClient(ca === undefined ? {} : { ca }, { system: true });
  const open = async ({ hostname: host, protocol, port: given }: buildConnector.Options): Promise<Socket> => {
    const isTls = protocol === 'https:';
    const target = { host, port: Number(given) || (isTls ? 443 : 80) };
    const proxy = proxyOf({ ...target, tls: isTls });
    if (proxy !== undefined && !isTls && !isSocks(proxy)) return await connectProxy(proxy, { net, proxyTls, timeout });
    const socket =
      proxy === undefined
        ? await net.connect(target, timeout)
        : await openTunnel(proxy, target, { net, proxyTls, timeout });
    return isTls ? await tls.secure(socket, host, timeout) : socket;
  };
  return connectorFrom(open);
}

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
