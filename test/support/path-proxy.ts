import { createServer, request as send, type IncomingMessage } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { onTestFinished } from 'vitest';

/** Reverse proxy that publishes a server below a path. */
export interface PathProxy {
  /** `http://127.0.0.1:8080` */
  readonly origin: string;
  /** Address with the path: `http://127.0.0.1:8080/belfry`. */
  readonly url: string;
}

export interface PathProxyOptions {
  /** `/belfry` */
  readonly path: string;
  /** Whether the proxy removes the path from the requests that it forwards. */
  readonly removes: boolean;
  /** `host:port` of the server; read at each request. */
  readonly to: () => string;
}

/** Starts a proxy, which forwards requests and WebSockets below the path with their `Host`, and answers 502 to all others. */
export async function openPathProxy({ path, removes, to }: PathProxyOptions): Promise<PathProxy> {
  const sockets = new Set<Duplex>();
  const targetOf = (url = '/'): string | undefined => {
    if (url !== path && !url.startsWith(`${path}/`)) return undefined;
    return removes ? url.slice(path.length) || '/' : url;
  };
  const server = createServer((request, response) => {
    const target = targetOf(request.url);
    if (target === undefined) return void response.writeHead(502).end();
    const [host, port] = to().split(':');
    const { method, headers } = request;
    const forwarded = send({ host, port: Number(port), method, path: target, headers, agent: false }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  });
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.on('upgrade', (request: IncomingMessage, client: Duplex, head: Buffer) => {
    const target = targetOf(request.url);
    const [host, port] = to().split(':');
    const upstream = connect(Number(port), host);
    sockets.add(upstream);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
    const { rawHeaders: raw } = request;
    const lines = raw.flatMap((name, index) => (index % 2 === 0 ? [`${name}: ${raw[index + 1]}\r\n`] : []));
    upstream.write(`${request.method} ${target ?? '/'} HTTP/1.1\r\n${lines.join('')}\r\n`);
    upstream.write(head);
    upstream.pipe(client).pipe(upstream);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { origin, url: origin + path };
}
