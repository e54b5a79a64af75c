import {
  createServer as createHttpServer,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';

export interface ProxyServer {
  readonly port: number;
  /** First lines of the requests: `CONNECT 127.0.0.1:443`, `POST http://127.0.0.1/`. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** `user:password` that requests must have. */
  readonly login?: string;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Status of every answer, instead of a connection. */
  readonly refuses?: number;
}

/** HTTP proxy on the loopback. */
export async function openProxyServer({ login, tls, refuses }: ProxyOptions = {}): Promise<ProxyServer> {
  const requests: string[] = [];
  const sockets = new Set<Duplex>();
  const own = (socket: Duplex): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  };
  /** Status of a refusal; undefined for a request that is carried out. */
  const refusalOf = (incoming: IncomingMessage): number | undefined => {
    requests.push(`${incoming.method} ${incoming.url}`);
    const wanted = login === undefined ? undefined : `Basic ${Buffer.from(login).toString('base64')}`;
    return refuses ?? (incoming.headers['proxy-authorization'] === wanted ? undefined : 407);
  };
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const status = refusalOf(incoming);
    if (status !== undefined) {
      outgoing.writeHead(status).end(`refused by the proxy: ${incoming.headers['proxy-authorization'] ?? ''}`);
      return;
    }
    const { 'proxy-authorization': _, ...headers } = incoming.headers;
    const onward = request(incoming.url!, { method: incoming.method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.writeHead(502).end());
    incoming.pipe(onward);
  };
  const server: Server = tls === undefined ? createHttpServer(forward) : createHttpsServer(tls, forward);
  server.on('connection', own);
  server.on('connect', (incoming: IncomingMessage, client: Duplex) => {
    own(client);
    const status = refusalOf(incoming);
    if (status !== undefined) {
      client.end(`HTTP/1.1 ${status} No\r\nRetry-After: 7\r\n\r\nrefused by the proxy`);
      return;
    }
    const { hostname, port } = new URL(`http://${incoming.url}`);
    const onward = connect(Number(port || 80), hostname.replace(/^\[|\]$/g, ''), () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      client.pipe(onward).pipe(client);
    });
    own(onward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    requests,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Server that answers each piece of data that it receives with the next of these answers, and closes the connection after the last. */
export async function openScriptedServer(...answers: readonly (string | readonly number[])[]) {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    let next = 0;
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {
      const answer = answers[next++];
      if (answer !== undefined) socket.write(typeof answer === 'string' ? answer : Buffer.from(answer));
      if (next >= answers.length) socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
