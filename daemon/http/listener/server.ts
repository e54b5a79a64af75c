import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BelfryError } from '../../core/problems/failure.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import { openHostCheck } from '../request/host-check.ts';
import type { Metrics } from '../metrics.ts';
import type { DaemonApi } from '../daemon-api.ts';
import { Router } from '../routes/router.ts';
import type { Refusals } from '../request/refusals.ts';
import { HttpProblem, problemText } from '../problem.ts';
import { Connections, connectionLimits } from './connections.ts';
import { MalformedRequests, MAX_HEADER_BYTES } from './malformed.ts';
import { checkSocketPath, openSocketFile, type SocketGroup } from './socket-file.ts';
import type { StreamServer } from '../stream/stream-server.ts';

export interface ListenerOptions {
  readonly daemon: DaemonApi;
  /** `host:port`; port 0 is a free one. */
  readonly listen: string;
  /** Path of the Unix socket. A socket on which nothing listens is replaced. */
  readonly socket: string;
  /** Path in the same folder, for the case that another program listens at `socket`. */
  readonly otherSocket?: string;
  /** Group that may use the socket; default: that of the process. */
  readonly socketGroup?: SocketGroup;
  readonly log: Log;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly stream: StreamServer;
  readonly refusals: Refusals;
  /** Open files that the process may have; undefined if it is unknown. */
  readonly openFiles?: number | undefined;
  /** Milliseconds in which a client must send its headers, and its whole request. */
  readonly timeouts?: { readonly headers: number; readonly request: number };
}

export interface Listener {
  /** `host:port` as bound. */
  readonly address: string;
  /** Path of the Unix socket. */
  readonly socket: string;
  /** Further requests get 503. */
  stopAccepting(): void;
  /** Waits `graceMs` for requests in flight, then closes their connections. */
  close(graceMs: number): Promise<void>;
}

export const DEFAULT_TIMEOUTS = { headers: 5_000, request: 30_000 };
const TIMEOUT_CHECK_MS = 500;
/** Headers that offer to change the protocol. */
const OFFERS = new Set(['upgrade', 'connection', 'http2-settings']);

/** Listens on TCP, where a token identifies the caller, and on the Unix socket, where the mode of the file protects it. Both serve the same routes. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { listen, socket, otherSocket, socketGroup } = options;
  const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const number = Number(listen.slice(listen.lastIndexOf(':') + 1));
  let bound = listen;
  const router = new Router({ ...options, address: () => bound }, openHostCheck(host, options.daemon));
  const tcp = openEndpoint(options, router, false);
  const unix = openEndpoint(options, router, true);
  const file = openSocketFile([socket, ...(otherSocket === undefined ? [] : [otherSocket])], socketGroup);
  let published;
  await checkSocketPath(socket);
  await listenOn(tcp.server, { host, port: number }, `\`daemon.listen\` ${listen}`, options.log);
  try {
    await listenOn(unix.server, { path: file.temporary }, `the socket ${socket}`, options.log);
    published = await file.publish();
  } catch (error) {
    await Promise.all([tcp.close(0), unix.close(0)]);
    throw error;
  }
  const { address, port } = tcp.server.address() as AddressInfo;
  bound = `${address.includes(':') ? `[${address}]` : address}:${port}`;
  return {
    address: bound,
    socket: published,
    stopAccepting: () => router.stop(),
    async close(graceMs) {
      router.stop();
      await file.remove();
      await Promise.all([tcp.close(graceMs), unix.close(graceMs)]);
    },
  };
}

/** HTTP server on one address. */
interface Endpoint {
  readonly server: Server;
  close(graceMs: number): Promise<void>;
}

/** Creates a server and tracks its connections, also upgraded ones, which the server of Node does not track. */
function openEndpoint(options: ListenerOptions, router: Router, trusted: boolean): Endpoint {
  const connections = new Connections(() => options.daemon.limits().connectionsPerAddress);
  const server = makeServer(options, router, connections, trusted);
  return {
    server,
    close: (graceMs) =>
      new Promise((resolve) => {
        const cancel = options.clock.after(graceMs, () => connections.destroyAll());
        server.close(() => {
          cancel();
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function makeServer(options: ListenerOptions, router: Router, connections: Connections, trusted: boolean): Server {
  const timeouts = options.timeouts ?? DEFAULT_TIMEOUTS;
  const server = createServer({
    headersTimeout: timeouts.headers,
    requestTimeout: timeouts.request,
    connectionsCheckingInterval: TIMEOUT_CHECK_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    requireHostHeader: false,
    ...ONLY_WEBSOCKETS,
  });
  limitConnections(server, connections, options, trusted);
  const malformed = new MalformedRequests(options.refusals);
  const authenticated = (request: IncomingMessage): void => connections.release(request.socket);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    // A refused connection may still deliver what its client had sent.
    if (request.socket.writableEnded) return;
    malformed.track(request, response);
    void router.handle(request, response, { trusted, authenticated });
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    if (connection.writableEnded) return;
    if (isWebSocket(request)) router.upgrade(request, connection, head, { trusted, authenticated });
    else ignoreUpgrade(server, request, connection, head);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, connection: Duplex) => malformed.refuse(error, connection));
  return server;
}

/** Refuses connections beyond the limits: beyond that of all without an answer, beyond that of their client with 429. */
function limitConnections(
  server: Server,
  connections: Connections,
  { refusals, openFiles }: ListenerOptions,
  trusted: boolean,
): void {
  const most = connectionLimits(openFiles);
  server.maxConnections = trusted ? most.socket : most.tcp;
  server.on('drop', (dropped?: { readonly remoteAddress?: string }) =>
    refusals.count(trusted ? 'socket_connections' : 'connections', dropped?.remoteAddress),
  );
  server.on('connection', (connection: Socket) => {
    if (connections.add(connection)) return;
    refusals.byCode(TOO_MANY.code, connection.remoteAddress);
    connection.end(problemText(TOO_MANY), () => connection.destroy());
  });
}

const TOO_MANY = new HttpProblem(
  429,
  'connections.address',
  'your address has too many connections without a stream; close some (`daemon.limits.connections_per_address`)',
  { headers: { 'retry-after': '5' } },
);

function isWebSocket(request: IncomingMessage): boolean {
  return /^websocket$/i.test(request.headers.upgrade ?? '');
}

/** Option of Node 24, which calls it before an upgrade. Earlier versions upgrade first, and `ignoreUpgrade` undoes that. */
const ONLY_WEBSOCKETS: object = { shouldUpgradeCallback: isWebSocket };

/** Ignores an offer of another protocol, such as HTTP/2 (`h2c`), as RFC 9110, 7.8 allows: the request is parsed again without the offer. */
function ignoreUpgrade(server: Server, request: IncomingMessage, connection: Duplex, head: Buffer): void {
  const { rawHeaders: raw, method, url, httpVersion } = request;
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let index = 0; index < raw.length; index += 2) {
    if (!OFFERS.has(raw[index]!.toLowerCase())) text += `${raw[index]}: ${raw[index + 1]}\r\n`;
  }
  connection.unshift(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), head]));
  server.emit('connection', connection);
}

function listenOn(
  server: Server,
  where: { host: string; port: number } | { path: string },
  name: string,
  log: Log,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: NodeJS.ErrnoException): void => {
      const reasons: Readonly<Record<string, string>> = {
        EADDRINUSE: 'is in use by another program; stop that program, or choose another port in `daemon.listen`',
        EACCES: 'may not be used by this user; choose a port above 1023',
        EADDRNOTAVAIL: 'is no address of this machine',
      };
      const code = cause.code === 'EADDRINUSE' ? 'http.address_in_use' : 'http.listen';
      reject(
        new BelfryError(code, `${name} ${reasons[cause.code ?? ''] ?? `cannot be listened on (${cause.code})`}`, {
          cause,
        }),
      );
    };
    server.once('error', refuse);
    server.listen(where, () => {
      server.off('error', refuse);
      // File descriptors may run out, for example; waiting connections are accepted later.
      server.on('error', ({ code }: NodeJS.ErrnoException) => log.warn({ code }, 'http: no connection accepted'));
      resolve();
    });
  });
}
