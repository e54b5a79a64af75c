import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { SendFailure } from '../../../core/problems/failure.ts';
import { networkFailure } from '../../kit/net/network-failures.ts';
import type { Server } from '../../kit/broker/server.ts';

/** Stream of binary WebSocket messages over an open socket. Rejects if the server refuses. `protocol`: name in `Sec-WebSocket-Protocol`. */
export async function overWebSocket(server: Server, socket: Socket, protocol: string): Promise<Duplex> {
  const { createWebSocketStream, WebSocket } = await import('ws');
  const host = server.host.includes(':') ? `[${server.host}]` : server.host;
  // TLS is on the socket already.
  const client = new WebSocket(`ws://${host}:${server.port}${server.target}`, protocol, {
    createConnection: () => socket,
    perMessageDeflate: false,
    followRedirects: false,
  });
  await new Promise<void>((resolve, reject) => {
    client.once('open', resolve);
    client.once('unexpected-response', (request, { statusCode = 0 }) => {
      request.destroy();
      reject(
        new SendFailure('permanent', `http.${statusCode}`, 'the server has no WebSocket at this path', {
          status: statusCode,
          misconfigured: true,
        }),
      );
    });
    client.once('error', (error) => reject(networkFailure(error, false)));
  });
  return createWebSocketStream(client);
}
