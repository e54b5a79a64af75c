import { Agent } from 'undici';
import { SendFailure } from '../../../core/problems/failure.ts';
import { HTTP_URL, readUrl, type UrlParts } from '../../../core/values/url.ts';
import type { Ending } from '../../../lib/async/abort.ts';
import { Exchange } from './exchange.ts';
import { openResolver, type ResolverOptions } from './resolver.ts';

/** One per channel: its own connection pool, resolver and limits. */
export interface HttpClient {
  /**
   * One request, one answer; redirects are not followed. At most 64 KiB of the answer are read. Rejects with a `SendFailure`
   * whose class tells whether the request may have reached the far side; its message names no URL.
   */
  request(request: HttpRequest): Promise<HttpAnswer>;
  close(): Promise<void>;
}

export interface HttpRequest {
  readonly url: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly ending: Ending;
}

export interface HttpAnswer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface HttpClientOptions {
  /** Milliseconds for name, TCP and TLS together. */
  readonly connectTimeout?: number;
  /** Milliseconds until an answer begins; an attempt's own deadline is normally shorter. */
  readonly headersTimeout?: number;
  /** Open connections to one host at most. */
  readonly connections?: number;
  /** PEM of authorities to trust instead of the system's. */
  readonly ca?: string;
  readonly resolver?: ResolverOptions;
}

const CONNECT_TIMEOUT = 5000;
const HEADERS_TIMEOUT = 120_000;
const CONNECTIONS = 32;
/** What an honest answer to a notification has at most; an endless one stops here. */
const LONGEST_ANSWER = 64 * 1024;

/** Opens a client that shares nothing with another one: a silent name server or a full pool stays this channel's own trouble. Proxy variables of the environment are not used. */
export function openHttpClient(options: HttpClientOptions = {}): HttpClient {
  const resolver = openResolver(options.resolver);
  const agent = new Agent({
    connections: options.connections ?? CONNECTIONS,
    pipelining: 1,
    headersTimeout: options.headersTimeout ?? HEADERS_TIMEOUT,
    bodyTimeout: options.headersTimeout ?? HEADERS_TIMEOUT,
    connect: {
      timeout: options.connectTimeout ?? CONNECT_TIMEOUT,
      lookup: resolver.lookup,
      autoSelectFamily: true,
      ...(options.ca !== undefined && { ca: options.ca }),
    },
  });
  const targets = new Targets();
  return {
    request: (request) => ask(agent, targets, request),
    async close() {
      resolver.close();
      await agent.destroy();
    },
  };
}

/** Where a request goes, as the dispatcher wants it. */
interface Target {
  readonly origin: string;
  readonly path: string;
  readonly credentials: Readonly<Record<string, string>>;
}

/** Most channels write to one URL for ever: the last one is not parsed again. */
class Targets {
  #url: string | undefined;
  #target: Target | undefined;

  /** Undefined when it is no http or https URL. */
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

function ask(agent: Agent, targets: Targets, request: HttpRequest): Promise<HttpAnswer> {
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
    const exchange = new Exchange({ longest: LONGEST_ANSWER, resolve, reject });
    const abort = (): void => exchange.abort();
    ending.addEventListener('abort', abort);
    exchange.onEnd(() => ending.removeEventListener('abort', abort));
    try {
      agent.dispatch(
        {
          origin: target.origin,
          path: target.path,
          method: request.method ?? 'POST',
          headers: { ...target.credentials, 'accept-encoding': 'identity', ...request.headers },
          body: request.body ?? null,
        },
        exchange,
      );
    } catch (error) {
      exchange.fail(error);
    }
  });
}

/** `https://user:password@host`: what a browser would make of it. */
function credentialsOf({ user, password = '' }: UrlParts): Record<string, string> {
  if (user === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}` };
}
