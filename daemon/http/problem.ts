import type { ServerResponse } from 'node:http';
import { BelfryError } from '../core/problems/failure.ts';

/** Error response as RFC 9457 problem details. It repeats nothing from the request and shows no internals. */
export class HttpProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Further members of the problem details. */
  readonly more: Readonly<Record<string, unknown>>;

  constructor(
    status: number,
    code: string,
    detail: string,
    options: { headers?: Record<string, string>; more?: Record<string, unknown> } = {},
  ) {
    super(detail);
    this.status = status;
    this.code = code;
    this.headers = options.headers ?? {};
    this.more = options.more ?? {};
  }
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  421: 'Misdirected Request',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
  507: 'Insufficient Storage',
};

/** HTTP status and headers by error code of the daemon. */
const REFUSALS: Readonly<Record<string, { readonly status: number; readonly headers?: Record<string, string> }>> = {
  'intake.stopping': { status: 503, headers: { 'retry-after': '5', connection: 'close' } },
  'intake.rate': { status: 429, headers: { 'retry-after': '1' } },
  'intake.queue_full': { status: 507, headers: { 'retry-after': '30' } },
  'intake.reserved_source': { status: 400 },
  'history.cursor': { status: 400 },
  'test.no_event': { status: 404 },
  'test.no_rule': { status: 404 },
  'test.no_match': { status: 404 },
  'test.no_target': { status: 404 },
  'rules.busy': { status: 429, headers: { 'retry-after': '1' } },
  'rules.too_slow': { status: 400 },
  'rules.too_large': { status: 400 },
  'backtest.running': { status: 409 },
  'backtest.range': { status: 400 },
  'rule.none': { status: 404 },
  'rules.tests_unfinished': { status: 503 },
  'store.full': { status: 507, headers: { 'retry-after': '30' } },
  'store.broken': { status: 503, headers: { 'retry-after': '30' } },
  'store.failed': { status: 503, headers: { 'retry-after': '30' } },
  'backup.outrun': { status: 503 },
  'backup.postgres': { status: 409 },
  'store.malformed': { status: 503, headers: { 'retry-after': '30' } },
  'store.unavailable': { status: 503, headers: { 'retry-after': '5' } },
  'store.closed': { status: 503, headers: { 'retry-after': '5' } },
  'store.conflict': { status: 409 },
  'dead.in_job': { status: 409 },
  'job.ended': { status: 409 },
  'rerun.too_many': { status: 400 },
  'rerun.none': { status: 404 },
  'jobs.too_many': { status: 409, headers: { 'retry-after': '30' } },
  'store.copying': { status: 409, headers: { 'retry-after': '30' } },
  'dead_letters.not_a_file': { status: 503 },
  'dead_letters.unusable': { status: 503 },
  'dead_letters.busy': { status: 503, headers: { 'retry-after': '1' } },
};

/** Problem of an error; undefined for a bug, whose details are not sent. */
export function problemOf(error: unknown): HttpProblem | undefined {
  if (error instanceof HttpProblem) return error;
  if (!(error instanceof BelfryError)) return undefined;
  const refusal = REFUSALS[error.code];
  return (
    refusal &&
    new HttpProblem(refusal.status, error.code, error.message, { ...(refusal.headers && { headers: refusal.headers }) })
  );
}

/** Sends a problem; `scrub` removes secrets. A response that has begun can only be aborted. */
export function writeProblem(
  response: ServerResponse,
  { status, code, message, headers, more }: HttpProblem,
  scrub: (text: string) => string,
): void {
  if (response.headersSent) {
    // The data written so far is still sent. The missing last chunk shows the client that the response is incomplete.
    response.socket?.destroySoon();
    return;
  }
  const body = bodyOf({ status, code, message: scrub(message), more });
  const length = Buffer.byteLength(body);
  response.writeHead(status, { 'content-type': 'application/problem+json', 'content-length': length, ...headers });
  response.end(body);
}

/** A whole response with a problem, for a connection that has no response object. */
export function problemText(problem: HttpProblem): string {
  const { status, headers } = problem;
  const body = bodyOf(problem);
  const all = {
    ...headers,
    connection: 'close',
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${TITLES[status] ?? 'Error'}\r\n${lines.join('')}\r\n${body}`;
}

function bodyOf({ status, code, message, more }: Pick<HttpProblem, 'status' | 'code' | 'message' | 'more'>): string {
  return JSON.stringify({
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    code,
    detail: message,
    ...more,
  });
}
