import { chmod, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { BelfryError } from '../core/failure.ts';
import type { Clock } from '../lib/clock.ts';
import type { Log } from '../lib/log.ts';
import type { Scrubber } from '../lib/scrubber.ts';
import { openGate } from './gate.ts';
import type { Metrics } from './metrics.ts';
import type { DaemonPort } from './port.ts';
import { Router } from './router.ts';
import type { StreamDoor } from './stream-door.ts';

export interface ListenerOptions {
  readonly port: DaemonPort;
  /** `host:port`; port 0 is any. */
  readonly listen: string;
  /** Of the Unix socket. Whoever calls holds the lock on the state directory, so a socket that is there is stale. */
  readonly socket: string;
  readonly publicUrl?: string;
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
const MOST_CONNECTIONS = 1024;
/** sockaddr_un(7): 108 bytes with the closing NUL. */
const LONGEST_SOCKET_PATH = 107;

/** The one listener: TCP, where a token says who asks, and the Unix socket, where the file's mode does. Same routes on both. */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { listen, socket } = options;
  const host = listen.slice(0, listen.lastIndexOf(':')).replace(/^\[|\]$/g, '');
  const number = Number(listen.slice(listen.lastIndexOf(':') + 1));
  const router = new Router(options);
  const gate = openGate(host, options.publicUrl);
  const tcp = makeServer(options, (request) => gate.check(request), router, false);
  const unix = makeServer(options, () => {}, router, true);
  await listenOn(tcp, { host, port: number }, `\`daemon.listen\` ${listen}`);
  try {
    if (Buffer.byteLength(socket) > LONGEST_SOCKET_PATH) {
      throw new BelfryError(
        'http.socket_path',
        `the path of the socket is longer than ${LONGEST_SOCKET_PATH} bytes: ${socket}; set \`daemon.socket\` to a shorter one`,
      );
    }
    await unlink(socket).catch(() => undefined);
    await listenOn(unix, { path: socket }, `the socket ${socket}`);
    await chmod(socket, 0o660);
  } catch (error) {
    await closeServer(tcp, 0);
    throw error;
  }
  const { address, port } = tcp.address() as AddressInfo;
  return {
    address: `${address.includes(':') ? `[${address}]` : address}:${port}`,
    stopAccepting: () => router.stop(),
    async close(grace) {
      router.stop();
      await Promise.all([closeServer(tcp, grace), closeServer(unix, grace)]);
    },
  };
}

function makeServer(
  options: ListenerOptions,
  check: (request: IncomingMessage) => void,
  router: Router,
  trusted: boolean,
): Server {
  const patience = options.patience ?? PATIENCE;
  const server = createServer({
    headersTimeout: patience.headers,
    requestTimeout: patience.request,
    connectionsCheckingInterval: CHECK_EVERY,
    maxHeaderSize: LARGEST_HEADERS,
    requireHostHeader: false,
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.on(
    'request',
    (request: IncomingMessage, response: ServerResponse) => void router.handle(request, response, check, trusted),
  );
  server.on('upgrade', (request: IncomingMessage, connection: Duplex, head: Buffer) =>
    router.upgrade(request, connection, head, check, trusted),
  );
  server.on('clientError', (_error, connection: Duplex) => {
    if (connection.writable)
      connection.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
  });
  return server;
}

function listenOn(
  server: Server,
  where: { host: string; port: number } | { path: string },
  name: string,
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why: Readonly<Record<string, string>> = {
        EADDRINUSE: 'is in use by another program; stop that, or choose another in `daemon.listen`',
        EACCES: 'may not be used by this user; choose a port above 1023',
        EADDRNOTAVAIL: 'is no address of this machine',
      };
      const code = cause.code === 'EADDRINUSE' ? 'http.address_in_use' : 'http.listen';
      reject(
        new BelfryError(code, `${name} ${why[cause.code ?? ''] ?? `cannot be listened on (${cause.code})`}`, { cause }),
      );
    });
    server.listen(where, () => {
      server.removeAllListeners('error');
      resolve();
    });
  });
}

function closeServer(server: Server, grace: number): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => server.closeAllConnections(), grace);
    server.close(() => {
      clearTimeout(cut);
      resolve();
    });
    server.closeIdleConnections();
  });
}
