import type { Agent, Dispatcher } from 'undici';
import { SendFailure } from '../../../core/problems/failure.ts';
import { HTTP_URL, readUrl, type UrlParts } from '../../../core/values/url.ts';
import type { Abortable } from '../../../lib/async/abort.ts';
import { OpenedOnce } from '../../../lib/async/opened-once.ts';
import { networkFailure } from '../net/network-failures.ts';
import { type Dialer, openDialer } from '../net/dialer.ts';
import { type ConnectorOptions, connectorOf } from './connector.ts';

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

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface HttpClientOptions {
  /** Milliseconds for the DNS lookup, TCP and TLS together. */
  readonly connectTimeout?: number;
  /** Milliseconds until an answer begins; an attempt's own deadline is normally shorter. */
  readonly headersTimeout?: number;
  /** Open connections to one host at most. */
  readonly connections?: number;
  /** PEM of authorities to trust instead of the system's. */
  readonly ca?: string;
  /** Opens the connections. If it is not given, the client opens one of its own, which denies nothing. */
  readonly net?: Dialer;
}

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
const DEFAULT_HEADERS_TIMEOUT_MS = 120_000;
const DEFAULT_CONNECTIONS = 32;
/** Bytes of an answer that are read; an endless answer is cut here. */
const MAX_ANSWER_BYTES = 64 * 1024;

/**
 * Opens a client that shares nothing with other clients, so that a silent name server or a full pool affects one channel only.
 * Proxy variables of the environment are not used.
 */
export function openHttpClient(options: HttpClientOptions = {}): HttpClient {
  // undici takes a fifth of a start to load, and many daemons never send over HTTP.
  const net = options.net ?? openDialer();
  const agent = new OpenedOnce(() => openAgent({ ...options, net }));
  const targets = new Targets();
  return {
    request: async (request) => dispatch(await agent.get(), targets, request),
    async close() {
      if (options.net === undefined) net.close();
      await (await agent.ifOpened())?.destroy();
    },
  };
}

async function openAgent(options: HttpClientOptions & ConnectorOptions): Promise<Agent> {
  const { Agent } = await import('undici');
  return new Agent({
    connections: options.connections ?? DEFAULT_CONNECTIONS,
    pipelining: 1,
    headersTimeout: options.headersTimeout ?? DEFAULT_HEADERS_TIMEOUT_MS,
    bodyTimeout: options.headersTimeout ?? DEFAULT_HEADERS_TIMEOUT_MS,
    connect: connectorOf(options, options.connectTimeout ?? DEFAULT_CONNECT_TIMEOUT_MS),
  });
}

/** Destination of a request in the form of the dispatcher. */
interface Target {
  readonly origin: string;
  readonly path: string;
  readonly credentials: Readonly<Record<string, string>>;
}

/** Cache of the last URL parsed: most channels write to one URL only. */
class Targets {
  #url: string | undefined;
  #target: Target | undefined;

  /** Parses a URL; undefined when it is not an http or https URL. */
  of(url: string): Target | undefined {
    if (url !== this.#url) {
      this.#url = url;
      this.#target = targetOf(url);
    }
    return this.#target;
  }
}

function targetOf(text: string): Target | undefined {
  const read = readUrl(text, HTTP_URL);
  if (!read.ok || !URL.canParse(text)) return undefined;
  const { origin, pathname, search } = new URL(text);
  return { origin, path: `${pathname}${search}`, credentials: credentialsOf(read.url) };
}

function dispatch(agent: Agent, targets: Targets, request: HttpRequest): Promise<HttpAnswer> {
  const { ending } = request;
  const target = targets.of(request.url);
  if (target === undefined) {
    const failure = new SendFailure('permanent', 'http.bad_url', 'the URL is not a valid http or https URL', {
      misconfigured: true,
    });
    return Promise.reject(failure);
  }
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
          path: target.path,
          method: request.method ?? 'POST',
          headers: { ...target.credentials, 'accept-encoding': 'identity', ...request.headers },
          body: request.body ?? null,
        },
        pending,
      );
    } catch (error) {
      pending.fail(error);
    }
  });
}

/** HTTP Basic credentials of `https://user:password@host`, as a browser would send them. */
function credentialsOf({ user, password = '' }: UrlParts): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}` };
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
