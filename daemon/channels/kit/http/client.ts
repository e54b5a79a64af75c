import type { Socket } from 'node:net';
import type { Agent } from 'undici';
import { HOPS_HEADER } from '../../../core/event/hops.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { MAX_CONCURRENCY } from '../../../core/schema/sections/delivery.ts';
import { OpenedOnce } from '../../../lib/async/opened-once.ts';
import type { AttemptEnding } from './exchange/record.ts';
import { type Dialer, openDialer } from '../net/dialer.ts';
import type { ProxiedTarget, Proxy } from '../net/proxy.ts';
import { isSocks, proxyAuthorization, proxyRefusal } from '../net/tunnel.ts';
import type { Connection } from './connect/connection.ts';
import { connectionOpener, connectorOf, unixConnectorOf } from './connect/connector.ts';
import type { HttpAnswer } from './failures.ts';
import { PendingRequest } from './connect/pending-request.ts';
import { type Target, targetOf } from './connect/target.ts';

/** HTTP client of one channel, with its own connection pool, resolver and limits. */
export interface HttpClient {
  /**
   * Sends one request; redirects are not followed. At most 64 KiB of the answer are read. Rejects with a `SendFailure`
   * whose class says whether the request may have reached the server; its message contains no URL.
   */
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Connects to a server of another protocol as requests do: with `proxy`, `ca` and `client` of the channel. Rejects with a `SendFailure`. The caller owns the socket. */
  connect(target: ProxiedTarget): Promise<Socket>;
  close(): Promise<void>;
}

export interface HttpRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly ending: AttemptEnding;
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

export const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
export const DEFAULT_HEADERS_TIMEOUT_MS = 120_000;
/** One for each attempt that a channel may make at the same time: the time of an attempt runs while its request waits for a connection. */
export const DEFAULT_CONNECTIONS = MAX_CONCURRENCY;
/** Bytes of an answer that are read; an endless answer is cut here. */
export const MAX_ANSWER_BYTES = 64 * 1024;

/** Opens a client that shares nothing with other clients, so that a silent name server or a full pool affects one channel only. */
export function openHttpClient(options: HttpClientOptions = {}): HttpClient {
  const { net = openDialer(), proxyOf = () => undefined } = options;
  const timeout = options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT_MS;
  const open = connectionOpener({ ...options, net, proxyOf, timeout });
  const agents = new Agents({ ...options, net, open, timeout });
  const routes = new Routes(net, proxyOf);
  return {
    connect: async (target) => {
      if (proxyOf(target) !== undefined) refuseDenied(net, target.host);
      return await open(target, { forwards: false });
    },
    async request(given) {
      const request = withHops(given);
      const { exchange } = request.ending;
      exchange?.sent(request);
      const route = routes.of(request.url);
      const agent = agents.opened(route.target) ?? (await agents.open(route.target));
      const answer = await dispatch(agent, route, request);
      exchange?.answered(request, answer);
      return route.forwarder === undefined ? answer : unlessRefused(answer);
    },
    async close() {
      if (options.net === undefined) net.close();
      await agents.close();
    },
  };
}

/** The request with the hops of what it causes. A header of the settings cannot replace them, so that no loop goes unnoticed. */
function withHops(request: HttpRequest): HttpRequest {
  const { hops } = request.ending;
  return hops === undefined ? request : { ...request, headers: { ...request.headers, [HOPS_HEADER]: String(hops) } };
}

interface AgentsOptions extends Pick<HttpClientOptions, 'connections' | 'headersTimeout'> {
  readonly net: Dialer;
  readonly open: ReturnType<typeof connectionOpener>;
  readonly timeout: number;
}

/** Pools of connections: one for all servers, and one for each Unix socket. */
class Agents {
  readonly #options: AgentsOptions;
  // undici takes a fifth of a start to load, and many daemons never send over HTTP.
  readonly #undici = new OpenedOnce(() => import('undici'));
  readonly #opened = new Map<string, Agent>();

  constructor(options: AgentsOptions) {
    this.#options = options;
  }

  opened({ socket = '' }: Target): Agent | undefined {
    return this.#opened.get(socket);
  }

  async open({ socket = '' }: Target): Promise<Agent> {
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
    const {
      connections = DEFAULT_CONNECTIONS,
      headersTimeout = DEFAULT_HEADERS_TIMEOUT_MS,
      net,
      open,
      timeout,
    } = this.#options;
    return {
      connections,
      pipelining: 1,
      headersTimeout,
      bodyTimeout: headersTimeout,
      connect: socket === '' ? connectorOf(open) : unixConnectorOf(net, socket, timeout),
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
    refuseDenied(this.#net, target.server.host);
    return target.server.tls || isSocks(proxy) ? { target } : { target, forwarder: proxy };
  }
}

/** Only a proxy answers with 407; it is not the server that refuses the credentials. */
function unlessRefused(answer: HttpAnswer): HttpAnswer {
  if (answer.status === 407) throw proxyRefusal(answer);
  return answer;
}

/** Throws if a server behind a proxy is denied. The proxy looks up its name and connects, so that only a literal address or the name can be checked here. */
function refuseDenied(net: Dialer, host: string): void {
  const refusal = net.refusalOf(host);
  if (refusal !== undefined) throw refusal;
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
