import type { Agent, Dispatcher } from 'undici';
import { SendFailure } from '../../../core/problems/failure.ts';
import type { Abortable } from '../../../lib/async/abort.ts';
import { OpenedOnce } from '../../../lib/async/opened-once.ts';
import { networkFailure } from '../net/network-failures.ts';
import { type Dialer, openDialer } from '../net/dialer.ts';
import type { Proxy } from '../net/proxy.ts';
import { isSocks, proxyAuthorization, proxyRefusal } from '../net/tunnel.ts';
import type { Connection } from './connect/connection.ts';
import { type ConnectorOptions, connectorOf, unixConnectorOf } from './connect/connector.ts';
import type { HttpAnswer } from './failures.ts';
import { type Target, targetOf } from './connect/target.ts';

/** HTTP client of one channel, with its own connection pool, resolver and limits. */
export interface HttpClient {
  /**
   * Sends one request; redirects are not followed. At most 64 KiB of the answer are read. Rejects with a `SendFailure`
   * whose class says whether the request may have reached the server; its message contains no URL.
   */
  request(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface HttpRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly ending: Abortable;
}

export interface HttpClientOptions extends Partial<Connection> {
  /** Milliseconds for the DNS lookup, TCP and TLS together. */
  readonly connectTimeout?: number;
  /** Milliseconds until an answer begins; an attempt's own deadline is normally shorter. */
  readonly headersTimeout?: number;
  /** Open connections to one host at most. */
  readonly connections?: number;
  /** Opens the connections. If it is not given, the client opens one of its own, which denies nothing. */
  readonly net?: Dialer;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
const DEFAULT_HEADERS_TIMEOUT_MS = 120_000;
const DEFAULT_CONNECTIONS = 32;
/** Bytes of an answer that are read; an endless answer is cut here. */
const MAX_ANSWER_BYTES = 64 * 1024;

/** Opens a client that shares nothing with other clients, so that a silent name server or a full pool affects one channel only. */
export function openHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { net = openDialer(), proxyOf = () => undefined } = options;
  const agents = new Agents({ ...options, net, proxyOf });
  const routes = new Routes(net, proxyOf);
  return {
    async request(request) {
      const route = routes.of(request.url);
      const answer = await dispatch(await agents.for(route.target), route, request);
      // Only a proxy answers with this status; it is not the server that refuses the credentials.
      if (answer.status === 407 && route.forwarder !== undefined) throw proxyRefusal(answer);
      return answer;
    },
    async close() {
      if (options.net === undefined) net.close();
      await agents.close();
    },
  };
}

/** Pools of connections: one for all servers, and one for each Unix socket. */
class Agents {
  readonly #options: HttpClientOptions & Omit<ConnectorOptions, 'timeout'>;
  // undici takes a fifth of a start to load, and many daemons never send over HTTP.
  readonly #undici = new OpenedOnce(() => import('undici'));
  readonly #opened = new Map<string, Agent>();

  constructor(options: HttpClientOptions & Omit<ConnectorOptions, 'timeout'>) {
    this.#options = options;
  }

  async for({ socket = '' }: Target): Promise<Agent> {
    const opened = this.#opened.get(socket);
    if (opened !== undefined) return opened;
    const undici = await this.#undici.get();
    // Another request may have opened it meanwhile.
    const agent = this.#opened.get(socket) ?? new undici.Agent(this.#agentOptions(socket));
    this.#opened.set(socket, agent);
    return agent;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened.values()].map((agent) => agent.destroy()));
  }

  #agentOptions(socket: string): Agent.Options {
    const { connections, headersTimeout, connectTimeout, ...options } = this.#options;
    const timeout = connectTimeout ?? DEFAULT_CONNECT_TIMEOUT_MS;
    return {
      connections: connections ?? DEFAULT_CONNECTIONS,
      pipelining: 1,
      headersTimeout: headersTimeout ?? DEFAULT_HEADERS_TIMEOUT_MS,
      bodyTimeout: headersTimeout ?? DEFAULT_HEADERS_TIMEOUT_MS,
      connect: socket === '' ? connectorOf({ ...options, timeout }) : unixConnectorOf(options.net, socket, timeout),
    };
  }
}

/** Way of a request to its server. */
interface Route {
  readonly target: Target;
  /** HTTP proxy that forwards the request, which then contains the whole URL. Over TLS and SOCKS the proxy sees no request. */
  readonly forwarder?: Proxy;
}

/** Finds routes, and keeps the last one: most channels write to one URL only. */
class Routes {
  readonly #net: Dialer;
  readonly #proxyOf: Connection['proxyOf'];
  #url: string | undefined;
  #route: Route | undefined;

  constructor(net: Dialer, proxyOf: Connection['proxyOf']) {
    this.#net = net;
    this.#proxyOf = proxyOf;
  }

  /** Throws a `SendFailure` if there is no way that the settings allow. */
  of(url: string): Route {
    if (this.#route === undefined || url !== this.#url) {
      this.#route = this.#find(url);
      this.#url = url;
    }
    return this.#route;
  }

  #find(url: string): Route {
    const target = targetOf(url);
    if (target === undefined)
      throw new SendFailure('permanent', 'http.bad_url', 'the URL is not a valid http or https URL', {
        misconfigured: true,
      });
    const proxy = target.server === undefined ? undefined : this.#proxyOf(target.server);
    if (proxy === undefined || target.server === undefined) return { target };
    // The proxy looks up the name and connects, so that only a literal address or the name can be checked here.
    const refusal = this.#net.refusalOf(target.server.host);
    if (refusal !== undefined) throw refusal;
    return target.server.tls || isSocks(proxy) ? { target } : { target, forwarder: proxy };
  }
}

function dispatch(agent: Agent, { target, forwarder }: Route, request: HttpRequest): Promise<HttpAnswer> {
  const { ending } = request;
  if (ending.aborted) {
    return Promise.reject(new SendFailure('transient', 'net.aborted', 'the attempt ended before anything was sent'));
  }
  return new Promise((resolve, reject) => {
    const pending = new PendingRequest({ maxBytes: MAX_ANSWER_BYTES, resolve, reject });
    const abort = (): void => pending.abort();
    ending.addEventListener('abort', abort);
    pending.onEnd(() => ending.removeEventListener('abort', abort));
    try {
      agent.dispatch(
        {
          origin: target.origin,
          path: forwarder === undefined ? target.path : `${target.origin}${target.path}`,
          method: request.method ?? 'POST',
          headers: {
            ...target.headers,
            ...(forwarder !== undefined && proxyAuthorization(forwarder)),
            'accept-encoding': 'identity',
            ...request.headers,
          },
          body: request.body ?? null,
        },
        pending,
      );
    } catch (error) {
      pending.fail(error);
    }
  });
}

interface RequestEnd {
  /** Bytes of the answer's body that are kept; reading stops there. */
  readonly maxBytes: number;
  readonly resolve: (answer: HttpAnswer) => void;
  readonly reject: (failure: SendFailure) => void;
}

/**
 * One request and its answer. If it ends early, the result depends on its progress: before the request is on a connection, nothing
 * was sent; after that the server may have it; after the status line the server has answered, even if the body is cut off.
 */
export class PendingRequest implements Dispatcher.DispatchHandler {
  readonly #end: RequestEnd;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;
  #controller: Dispatcher.DispatchController | undefined;
  #head: { readonly status: number; readonly headers: Readonly<Record<string, string>> } | undefined;
  #ended = false;
  #cleanUp: () => void = () => undefined;

  constructor(end: RequestEnd) {
    this.#end = end;
  }

  onEnd(cleanUp: () => void): void {
    this.#cleanUp = cleanUp;
  }

  /** Ends the wait. A connection that is not established yet ends by its own timeout. */
  abort(): void {
    if (this.#head !== undefined) return this.#answered();
    this.#failed(
      this.#controller === undefined
        ? new SendFailure('transient', 'net.timeout', 'the attempt ended before a connection was made')
        : new SendFailure('unknown', 'http.no_answer', 'no answer before the attempt ended'),
    );
  }

  fail(error: unknown): void {
    if (this.#head !== undefined) this.#answered();
    else this.#failed(networkFailure(error, this.#controller !== undefined));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#ended) controller.abort(new Error('aborted'));
    else this.#controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (status >= 200) this.#head = { status, headers: flattened(headers) };
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes >= this.#end.maxBytes) this.#answered();
  }

  onResponseEnd(): void {
    // The answer is whole: there is no connection to abort.
    this.#controller = undefined;
    this.#answered();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.fail(error);
  }

  #answered(): void {
    const text = this.#bytes === 0 ? '' : this.#kept().toString('utf8');
    const { status, headers } = this.#head!;
    this.#finish(() => this.#end.resolve({ status, headers, text }));
  }

  #kept(): Buffer {
    const whole = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    return whole.subarray(0, this.#end.maxBytes);
  }

  #failed(failure: SendFailure): void {
    this.#finish(() => this.#end.reject(failure));
  }

  #finish(report: () => void): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#cleanUp();
    report();
    // Closes the connection instead of reading on.
    this.#controller?.abort(new Error('aborted'));
  }
}

function flattened(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
