import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Parameters, ValuesOf } from '../../core/values/parameter.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Scope } from '../request/auth.ts';
import type { Departure } from '../request/client-disconnect.ts';
import type { Metrics } from '../metrics.ts';
import type { DaemonApi } from '../daemon-api.ts';
import type { Caller, StreamDoor } from '../stream/access.ts';

/** What routes may use. */
export interface RouteParts {
  readonly daemon: DaemonApi;
  readonly stream: StreamDoor;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly scrubber: Scrubber;
  readonly clock: Clock;
}

/** One request on its way through a route with these query parameters. */
export interface Exchange<P extends Parameters = NoParameters> {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly params: Readonly<Record<string, string | undefined>>;
  readonly query: ValuesOf<P>;
  /** Undefined only where the route asks for nobody in particular. */
  readonly caller: Caller | undefined;
  readonly departure: Departure;
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** As find-my-way writes it: `/v1/events/:id`. */
  readonly path: string;
  /** `open`: nobody is asked; `local`: nobody on the loopback, else `read`. */
  readonly scope: Scope | 'open' | 'local';
  /** Pages of the origins in `daemon.origins` may call it; a ticket may stand for the token. */
  readonly pages?: true;
  /** One line for the API's description. */
  readonly summary: string;
  /** The media types of a body that is read. */
  readonly body?: readonly string[];
  /** Query parameters; others are refused under `/v1/`. */
  readonly query?: Parameters;
  /** Headers -> what they do. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Status -> what it means. */
  readonly answers: Readonly<Record<number, string>>;
  handle(exchange: Exchange, parts: RouteParts): Promise<void> | void;
}

export type NoParameters = Readonly<Record<string, never>>;

/** A route whose handler gets the values of its own query parameters. */
export function routeWithQuery<P extends Parameters>(
  route: Omit<Route, 'query' | 'handle'> & {
    readonly query: P;
    handle(exchange: Exchange<P>, parts: RouteParts): Promise<void> | void;
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

/** NDJSON, a line as each comes, scrubbed, waiting for readers that are slow. */
export async function sendLines(
  response: ServerResponse,
  lines: AsyncIterable<unknown>,
  gone: AbortSignal,
  scrubber: Scrubber,
): Promise<void> {
  const begin = (): void => {
    if (!response.headersSent) response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  };
  for await (const line of lines) {
    if (gone.aborted) return;
    // Only now: what fails before its first line is still answered as a problem.
    begin();
    if (!response.write(`${JSON.stringify(scrubber.scrubJson(line))}\n`)) await drained(response, gone);
  }
  begin();
  response.end();
}

function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  if (gone.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      response.off('drain', done);
      gone.removeEventListener('abort', done);
      resolve();
    };
    response.once('drain', done);
    gone.addEventListener('abort', done, { once: true });
  });
}
