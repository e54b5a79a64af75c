import type { Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { Dialer } from '../net/dialer.ts';
import { TlsClient, type TlsOptions } from '../net/tls.ts';

export interface ConnectorOptions extends TlsOptions {
  readonly net: Dialer;
}

/** Opens the connections of an `Agent`. `timeout`: milliseconds for each step of one. */
export function connectorOf({ net, ...options }: ConnectorOptions, timeout: number): buildConnector.connector {
  const tls = new TlsClient(options);
  const open = async ({ hostname, protocol, port }: buildConnector.Options): Promise<Socket> => {
    const isTls = protocol === 'https:';
    const socket = await net.connect({ host: hostname, port: Number(port) || (isTls ? 443 : 80) }, timeout);
    return isTls ? await tls.secure(socket, hostname, timeout) : socket;
  };
  return (target, callback) => {
    open(target).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}
