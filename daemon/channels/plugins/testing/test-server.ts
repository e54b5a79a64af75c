import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer, type ServerOptions } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';

/** Request that the server received. */
export interface ReceivedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bytes: Buffer;
  readonly text: string;
  /** Parsed body; undefined if it is not JSON. */
  readonly json: unknown;
  /** Fields of a form, the values of a repeated one joined by `, `; empty for another body. */
  readonly form: Readonly<Record<string, string>>;
}

/**
 * Answer to a request, after all of it was read. `body` is sent as JSON unless it is a string. `hang`: no answer. `stall`: the
 * head and `body`, but no end. `flood`: a body without end. `reset`: resets the connection. `raw`: these bytes.
 */
export type ServerAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }
  | { readonly hang: true }
  | { readonly stall: true; readonly status?: number; readonly body?: unknown }
  | { readonly flood: true; readonly status?: number }
  | { readonly reset: true }
  | { readonly raw: string };

export interface TestServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  readonly port: number;
  readonly requests: readonly ReceivedRequest[];
  /** Sets the answers to the next requests, in order; the last one is repeated. */
  answer(...answers: readonly [ServerAnswer, ...ServerAnswer[]]): void;
  /** Sets the answer to all requests below a path, such as those for an access token. They are recorded in `aside` only. */
  answerAside(path: string, answer: ServerAnswer): void;
  readonly aside: readonly ReceivedRequest[];
  /** Resolves when the next of these requests has arrived. */
  nextAside(): Promise<void>;
  /** Resolves when `count` requests have arrived completely since the start. */
  arrived(count: number): Promise<void>;
  /** Deletes the received requests. */
  forget(): void;
  /** Number of connections so far. */
  readonly connections: number;
  close(): Promise<void>;
}

export interface TestServerOptions {
  readonly tls?: ServerOptions;
  /** Address, or path of a Unix socket; 127.0.0.1 if not given. */
  readonly at?: string;
}

/** Real HTTP server on the loopback with scripted answers that records the requests. */
export async function openTestServer({ tls, at = '127.0.0.1' }: TestServerOptions = {}): Promise<TestServer> {
  const requests: ReceivedRequest[] = [];
  const aside: ReceivedRequest[] = [];
  let onAside = (): void => undefined;
  const answersAside = new Map<string, ServerAnswer>();
  let script: ServerAnswer[] = [{ status: 200 }];
  let waiting: { count: number; resolve: () => void }[] = [];
  let total = 0;

  const take = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    const fixed = [...answersAside].find(([path]) => request.path.startsWith(path))?.[1];
    if (fixed !== undefined) {
      aside.push(request);
      onAside();
      return give(fixed, incoming.socket, outgoing);
    }
    requests.push(request);
    total += 1;
    const answer = script.length > 1 ? script.shift()! : script[0]!;
    give(answer, incoming.socket, outgoing);
    for (const { resolve } of waiting.filter(({ count }) => total >= count)) resolve();
    waiting = waiting.filter(({ count }) => total < count);
  };
  const listener = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    take(incoming, outgoing).catch(() => incoming.socket.destroy());
  };
  const server: Server = tls === undefined ? createHttpServer(listener) : createHttpsServer(tls, listener);
  const connected = trackConnections(server);
  await new Promise<void>((resolve) =>
    server.listen(at.startsWith('/') ? { path: at } : { port: 0, host: at }, resolve),
  );
  const { port } = server.address() as AddressInfo;

  return {
    origin: `${tls === undefined ? 'http' : 'https'}://${at.includes(':') ? `[${at}]` : at}:${port}`,
    port,
    requests,
    get connections() {
      return connected.count();
    },
    answer(...answers) {
      script = [...answers];
    },
    answerAside: (path, answer) => void answersAside.set(path, answer),
    aside,
    nextAside: () =>
      new Promise((resolve) => {
        onAside = resolve;
      }),
    arrived: (count) =>
      total >= count ? Promise.resolve() : new Promise((resolve) => waiting.push({ count, resolve })),
    forget() {
      requests.length = 0;
      total = 0;
    },
    async close() {
      connected.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Counts the connections of a server, and destroys those that are open. */
function trackConnections(server: Server): { readonly count: () => number; readonly destroy: () => void } {
  const sockets = new Set<Socket>();
  let count = 0;
  server.on('connection', (socket: Socket) => {
    count += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  return {
    count: () => count,
    destroy() {
      for (const socket of sockets) socket.destroy();
    },
  };
}

async function readRequest(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString('utf8');
  const headers = Object.fromEntries(
    Object.entries(incoming.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : `${value}`,
    ]),
  );
  const form = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true ? fieldsOf(text) : {};
  return { method: incoming.method ?? '', path: incoming.url ?? '', headers, bytes, text, json: parse(text), form };
}

function fieldsOf(text: string): Record<string, string> {
  const fields = new URLSearchParams(text);
  return Object.fromEntries([...fields.keys()].map((name) => [name, fields.getAll(name).join(', ')]));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function give(answer: ServerAnswer, socket: Socket, outgoing: ServerResponse): void {
  if ('hang' in answer) return;
  if ('reset' in answer) return void socket.resetAndDestroy();
  if ('raw' in answer) return void socket.end(answer.raw, 'latin1');
  if ('flood' in answer) {
    outgoing.writeHead(answer.status ?? 200);
    return pour(outgoing);
  }
  const body = 'body' in answer ? answer.body : undefined;
  const isText = typeof body === 'string' || body === undefined;
  const text = isText ? (body ?? '') : JSON.stringify(body);
  const headers = 'headers' in answer ? answer.headers : undefined;
  outgoing.writeHead(answer.status ?? 200, { ...(isText ? {} : { 'content-type': 'application/json' }), ...headers });
  if ('stall' in answer) outgoing.write(text.length > 0 ? text : ' ');
  else outgoing.end(text);
}

/** Writes without end, as fast as the client reads. */
function pour(outgoing: ServerResponse): void {
  const chunk = Buffer.alloc(16 * 1024, 'x');
  const more = (): void => {
    while (!outgoing.destroyed && outgoing.write(chunk));
  };
  outgoing.on('drain', more);
  outgoing.on('error', () => outgoing.destroy());
  more();
}
