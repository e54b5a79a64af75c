import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BelfryError } from '../core/problems/failure.ts';
import type { Clock } from '../lib/time/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Scrubber } from '../lib/secrets/scrubber.ts';
import { openGate } from './request/host-check.ts';
import type { Metrics } from './metrics.ts';
import type { DaemonApi } from './daemon-api.ts';
import { Router } from './routes/router.ts';
import { checkSocketPath, openSocketPlace } from './socket.ts';
import type { StreamDoor } from './stream/access.ts';

export interface ListenerOptions {
  readonly daemon: DaemonApi;
  /** `host:port`; port 0 is any. */
  readonly listen: string;
  /** Path of the Unix socket; a socket on which nobody listens is replaced. */
  readonly socket: string;
  readonly log: Log;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly stream: StreamDoor;
  /** Milliseconds that a client has to send its headers, and its whole request. */
  readonly patience?: { readonly headers: number; readonly request: number };
}

export interface Listener {
  /** `host:port` as bound. */
  readonly address: string;
  /** Further requests get 503. */
  stopAccepting(): void;
  /** Waits that long, milliseconds, for what is being answered, then cuts. */
  close(grace: number): Promise<void>;
}

const PATIENCE = { headers: 5_000, request: 30_000 };
const CHECK_EVERY = 500;
const LARGEST_HEADERS = 16 * 1024;
/** Ten thousand clients of the push, and room for everybody else; the system's own limit of open files may be lower. */
const MOST_CONNECTIONS = 16 * 1024;
/** What cannot become a request, by the parser's code. */
const MALFORMED: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
/** The headers of an offer to speak another protocol. */
const OFFERS = new Set(['upgrade', 'connection', 'http2-settings']);

/** The one listener: TCP, where a token says who asks, and the Unix socket, where the file's mode does. Same routes on both. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { listen, socket } = options;
  const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const number = Number(listen.slice(listen.lastIndexOf(':') + 1));
  const router = new Router(options, openGate(host, options.daemon));
  const tcp = openDoor(options, router, false);
  const unix = openDoor(options, router, true);
  const place = openSocketPlace(socket);
  await checkSocketPath(socket);
  await listenOn(tcp.server, { host, port: number }, `\`daemon.listen\` ${listen}`, options.log);
  try {
    await listenOn(unix.server, { path: place.aside }, `the socket ${socket}`, options.log);
    await place.take();
  } catch (error) {
    await Promise.all([tcp.close(0), unix.close(0)]);
    throw error;
  }
  const { address, port } = tcp.server.address() as AddressInfo;
  return {
    address: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    stopAccepting: () => router.stop(),
    async close(grace) {
      router.stop();
      await place.leave();
      await Promise.all([tcp.close(grace), unix.close(grace)]);
    },
  };
}

interface Door {
  readonly server: Server;
  close(grace: number): Promise<void>;
}

/** Knows every connection, also those that were upgraded, which the server itself forgets. */
function openDoor(options: ListenerOptions, router: Router, trusted: boolean): Door {
  const server = makeServer(options, router, trusted);
  const connections = new Set<Socket>();
  server.on('connection', (connection) => {
    connections.add(connection);
    connection.once('close', () => connections.delete(connection));
  });
  return {
    server,
    close: (grace) =>
      new Promise((resolve) => {
        const cut = options.clock.after(grace, () => {
          for (const connection of connections) connection.destroy();
        });
        server.close(() => {
          cut();
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function makeServer(options: ListenerOptions, router: Router, trusted: boolean): Server {
  const patience = options.patience ?? PATIENCE;
  const server = createServer({
    headersTimeout: patience.headers,
    requestTimeout: patience.request,
    connectionsCheckingInterval: CHECK_EVERY,
    maxHeaderSize: LARGEST_HEADERS,
    requireHostHeader: false,
    ...ONLY_WEBSOCKETS,
  });
  server.maxConnections = MOST_CONNECTIONS;
  const answers = new WeakMap<Duplex, ServerResponse>();
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answers.set(request.socket, response);
    void router.handle(request, response, trusted);
  });
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) => {
    if (isWebSocket(request)) router.upgrade(request, connection, head, trusted);
    else ignoreUpgrade(server, request, connection, head);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, connection: Duplex) => {
    // An answer that is on its way must not have another written into it.
    const answer = answers.get(connection);
    const busy = answer?.headersSent === true && !answer.writableFinished;
    if (!connection.writable || busy) connection.destroy();
    else {
      const status = MALFORMED[error.code ?? ''] ?? '400 Bad Request';
      connection.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    }
  });
  return server;
}

function isWebSocket(request: IncomingMessage): boolean {
  return /^websocket$/i.test(request.headers.upgrade ?? '');
}

/** Node 24 asks before it takes a connection out of HTTP; earlier ones take it out first, and `ignoreUpgrade` puts it back. */
const ONLY_WEBSOCKETS: object = { shouldUpgradeCallback: isWebSocket };

/** A request that offers to change to something else, as some clients do with HTTP/2 (`h2c`), is answered as it stands (RFC 9110, 7.8): it comes in anew without the offer. */
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
      const why: Readonly<Record<string, string>> = {
        EADDRINUSE: 'is in use by another program; stop that, or choose another in `daemon.listen`',
        EACCES: 'may not be used by this user; choose a port above 1023',
        EADDRNOTAVAIL: 'is no address of this machine',
      };
      const code = cause.code === 'EADDRINUSE' ? 'http.address_in_use' : 'http.listen';
      reject(
        new BelfryError(code, `${name} ${why[cause.code ?? ''] ?? `cannot be listened on (${cause.code})`}`, { cause }),
      );
    };
    server.once('error', refuse);
    server.listen(where, () => {
      server.off('error', refuse);
      // Out of file descriptors, for one: those who wait are let in later.
      server.on('error', ({ code }: NodeJS.ErrnoException) => log.warn({ code }, 'http: no connection taken'));
      resolve();
    });
  });
}
