import { request as send, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { type Metrics, openMetrics } from '../../daemon/http/metrics.ts';
import { Refusals } from '../../daemon/http/request/refusals.ts';
import { type Listener, type ListenerOptions, openListener } from '../../daemon/http/listener/server.ts';
import type { Caller, StreamServer, StreamKind, TicketHolder } from '../../daemon/http/stream/stream-server.ts';
import { systemClock } from '../../daemon/lib/time/clock.ts';
import { type Log, openLog } from '../../daemon/lib/log.ts';
import { Scrubber } from '../../daemon/lib/secrets/scrubber.ts';
import { RecordedDaemon, tokenOf } from './recorded-daemon.ts';
import { temporaryFolder } from './temporary-folder.ts';

/** Replaces the push server: records the callers and answers at once. */
export class RecordedStream implements StreamServer {
  readonly came: { readonly how: string; readonly kind: StreamKind; readonly caller: Caller }[] = [];
  readonly acks: string[] = [];
  readonly #tickets = new Map<string, string>();

  upgrade(...[kind, , socket, , caller]: Parameters<StreamServer['upgrade']>): void {
    this.came.push({ how: 'upgrade', kind, caller });
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
  }

  events(...[kind, , response, caller]: Parameters<StreamServer['events']>): void {
    this.came.push({ how: 'events', kind, caller });
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end('data: hello\n\n');
  }

  ticket(user: string) {
    const ticket = `ticket-${this.#tickets.size + 1}`;
    this.#tickets.set(ticket, user);
    return { ticket, expires_in: 60 };
  }

  redeem(ticket: string): TicketHolder | undefined {
    const user = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return user === undefined ? undefined : { user };
  }

  async ack(user: string, seq: number): Promise<void> {
    this.acks.push(`${user} ${seq}`);
  }

  clientSource(): string {
    return 'export const belfry = 1;\n';
  }
}

export interface OpenedListener {
  readonly listener: Listener;
  readonly daemon: RecordedDaemon;
  readonly stream: RecordedStream;
  readonly metrics: Metrics;
  readonly scrubber: Scrubber;
  readonly socket: string;
  /** Lines of the daemon's log. */
  readonly logged: string[];
}

/** Real listener on any port and a socket of its own, closed when the test ends. */
export async function openTestListener(options: Partial<ListenerOptions> = {}): Promise<OpenedListener> {
  const daemon = new RecordedDaemon();
  daemon.known = [
    tokenOf('root', 'admin-token', 'admin'),
    tokenOf('poster', 'emit-token', 'emit'),
    tokenOf('reader', 'read-token', 'read'),
    tokenOf('ann', 'ann-token', 'stream:ann'),
    tokenOf('streams', 'stream-token', 'stream'),
  ];
  const stream = new RecordedStream();
  const metrics = openMetrics('1.2.3');
  onTestFinished(() => metrics.close());
  const scrubber = new Scrubber();
  const logged: string[] = [];
  const socket = path.join(await temporaryFolder(), 'belfry.sock');
  const log = logInto(logged, scrubber);
  const listener = await openListener({
    daemon,
    listen: '127.0.0.1:0',
    socket,
    log,
    refusals: new Refusals({ metrics, log, clock: systemClock }),
    scrubber,
    clock: systemClock,
    metrics,
    stream,
    ...options,
  });
  onTestFinished(() => listener.close(0));
  return { listener, daemon, stream, metrics, scrubber, socket: options.socket ?? socket, logged };
}

function logInto(lines: string[], scrubber: Scrubber): Log {
  const out = { write: (line: string) => lines.push(line) } as unknown as NodeJS.WritableStream;
  return openLog({ level: 'info', format: 'json' }, scrubber, out);
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- what tests look into is JSON of many shapes
  readonly json: any;
}

export interface Asking {
  readonly method?: string;
  readonly token?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Whether to use the Unix socket. */
  readonly socket?: boolean;
}

/** Sends one request over a connection of its own. */
export function ask(to: OpenedListener, target: string, asking: Asking = {}): Promise<Answer> {
  const { method = 'GET', token, headers = {}, body, socket = false } = asking;
  const [host, number] = to.listener.address.split(':');
  return new Promise((resolve, reject) => {
    const request = send(
      {
        ...(socket ? { socketPath: to.socket } : { host, port: Number(number) }),
        agent: false,
        method,
        path: target,
        headers: { ...(token !== undefined && { authorization: `Bearer ${token}` }), ...headers },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const isJson = (response.headers['content-type'] ?? '').endsWith('json') && text !== '';
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: isJson && !response.headers['content-type']!.includes('ndjson') ? JSON.parse(text) : undefined,
          });
        });
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export function post(to: OpenedListener, target: string, body: unknown, asking: Asking = {}): Promise<Answer> {
  return ask(to, target, {
    method: 'POST',
    token: 'admin-token',
    ...asking,
    headers: { 'content-type': 'application/json', ...asking.headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
}

/** Opens a plain connection, for requests that no client library sends. */
export function dial(to: OpenedListener, socket = false): Socket {
  const [host, number] = to.listener.address.split(':');
  const connection = socket ? connect(to.socket) : connect(Number(number), host);
  connection.on('error', () => {});
  onTestFinished(() => void connection.destroy());
  return connection;
}

/** Sends bytes; resolves to all that the server sent until it closed. */
export async function exchange(to: OpenedListener, bytes: string, socket = false): Promise<string> {
  const connection = dial(to, socket);
  connection.write(bytes);
  return untilClosed(connection);
}

export async function untilClosed(connection: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  connection.on('data', (chunk) => chunks.push(chunk));
  await new Promise((resolve) => connection.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}
