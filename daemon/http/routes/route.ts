import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Parameters, ValuesOf } from '../../core/values/parameter.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { AuditedCall, RouteAudit } from './audited-call.ts';
import type { TokenScope } from '../request/auth.ts';
import type { FailedLogins } from '../request/limits/failed-logins.ts';
import type { Refusals } from '../request/refusals.ts';
import type { ClientDisconnect } from '../request/client-disconnect.ts';
import type { Metrics } from '../metrics.ts';
import type { DaemonApi } from '../daemon-api.ts';
import type { Caller, StreamServer } from '../stream/stream-server.ts';

/** Dependencies of the routes. */
export interface RouteDeps {
  readonly daemon: DaemonApi;
  readonly stream: StreamServer;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
  /** `host:port` on which the daemon listens. */
  readonly address: () => string;
  /** Counts the wrong credentials of each address. */
  readonly logins: Pick<FailedLogins, 'problem'>;
  /** Counts what limits refuse. */
  readonly refusals: Refusals;
}

/** One request with its parsed parameters and its caller. */
export interface RequestContext<P extends Parameters = NoParameters> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: ValuesOf<P>;
  /** Undefined only on routes without authentication. */
  readonly caller: Caller | undefined;
  readonly disconnect: ClientDisconnect;
  readonly audit: AuditedCall;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Path in the syntax of find-my-way: `/v1/events/:id`. */
  readonly path: string;
  /** Scope that the token needs, or one of several. `any`: any token; `open`: no token; `local`: no token on the loopback, else `read`. */
  readonly scope: TokenScope | readonly TokenScope[] | 'any' | 'open' | 'local';
  /** Pages of `daemon.origins` may call it, and a ticket is accepted instead of a token. */
  readonly pages?: true;
  /** The response is a stream without an end, whose user has its own limit of connections. */
  readonly isStream?: true;
  /** Its action in the audit log. Every route that is not a GET has one, or says why not. */
  readonly audit?: RouteAudit;
  /** One line for the OpenAPI description. */
  readonly summary: string;
  /** Accepted media types of the body. */
  readonly body?: readonly string[];
  /** Query parameters; others are refused under `/v1/`. */
  readonly query?: Parameters;
  /** Header -> its description. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Status -> its description. */
  readonly answers: Readonly<Record<number, string>>;
  handle(context: RequestContext, deps: RouteDeps): Promise<void> | void;
}

export type NoParameters = Readonly<Record<string, never>>;

/** Declares a route whose handler gets typed values of its query parameters. */
export function routeWithQuery<P extends Parameters>(
  route: Omit<Route, 'query' | 'handle'> & {
    readonly query: P;
    handle(context: RequestContext<P>, deps: RouteDeps): Promise<void> | void;
  },
): Route {
  return route;
}

export function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(value);
  const length = Buffer.byteLength(body);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': length, ...headers });
  response.end(body);
}

/** Sends NDJSON, one scrubbed line for each item; waits for slow readers. */
export async function sendLines(
  response: ServerResponse,
  lines: AsyncIterable<unknown>,
  disconnected: AbortSignal,
  scrubber: Scrubber,
): Promise<void> {
  const begin = (): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  };
  for await (const line of lines) {
    if (disconnected.aborted) return;
    // Headers are sent with the first line: an earlier failure is still answered as a problem.
    begin();
    if (!response.write(`${JSON.stringify(scrubber.scrubJson(line))}\n`)) await drained(response, disconnected);
  }
  begin();
  response.end();
}

/** Sends bytes as they come; waits for slow readers. */
export async function sendBytes(
  response: ServerResponse,
  contentType: string,
  blocks: AsyncIterable<Buffer>,
  disconnected: AbortSignal,
): Promise<void> {
  for await (const block of blocks) {
    if (disconnected.aborted) return;
    // Headers are sent with the first block: an earlier failure is still answered as a problem.
    if (!response.headersSent) response.writeHead(200, { 'content-type': contentType });
    if (!response.write(block)) await drained(response, disconnected);
  }
  response.end();
}

function drained(response: ServerResponse, disconnected: AbortSignal): Promise<void> {
  if (disconnected.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      disconnected.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    disconnected.addEventListener('abort', done, { once: true });
  });
}
