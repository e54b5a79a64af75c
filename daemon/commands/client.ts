import { readFile } from 'node:fs/promises';
import { Agent, type Dispatcher } from 'undici';
import { EXIT } from '../core/failure.ts';
import { isObject } from '../core/json.ts';
import type { StatePaths } from '../app/paths.ts';
import { CommandError, type CommonOptions } from './terminal.ts';

/** Talks to a running daemon: over its Unix socket, or with `--url` and `--token` over TCP. */
export interface Client {
  /** The parsed answer. Rejects with a CommandError: exit 69 when the daemon is not there, else what its problem details say. */
  call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, options?: CallOptions): Promise<T>;
  /** The lines of an NDJSON answer as they come. */
  lines<T>(method: 'GET' | 'POST', path: string, body?: unknown, signal?: AbortSignal): AsyncIterable<T>;
  /** The `data:` of a server-sent event stream as it comes. */
  follow<T>(path: string, signal: AbortSignal): AsyncIterable<T>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds; a daemon that is asked to wait answers late. */
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

const DEFAULT_TIMEOUT = 60_000;

export function openClient(options: CommonOptions, paths: () => Promise<StatePaths>): Client {
  const agent = lazily(async () => {
    const connect = options.url === undefined ? { socketPath: (await paths()).socket } : { timeout: 5_000 };
    return new Agent({ connect, connections: 4 });
  });
  const origin = options.url ?? 'http://localhost';

  const request = async (
    method: Dispatcher.HttpMethod,
    path: string,
    body: unknown,
    call: CallOptions,
  ): Promise<Dispatcher.ResponseData> => {
    const timeout = call.timeout ?? DEFAULT_TIMEOUT;
    try {
      const answer = await (await agent()).request({
        origin,
        path,
        method,
        headersTimeout: timeout,
        bodyTimeout: 0,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
          ...call.headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(call.signal && { signal: call.signal }),
      });
      if (answer.statusCode >= 400) throw refusal(answer.statusCode, await answer.body.text());
      return answer;
    } catch (error) {
      if (error instanceof CommandError || call.signal?.aborted) throw error;
      throw unreachable(options, error as NodeJS.ErrnoException);
    }
  };

  return {
    async call<T>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown, call: CallOptions = {}) {
      const text = await (await request(method, path, body, call)).body.text();
      return (text === '' ? undefined : JSON.parse(text)) as T;
    },
    async *lines<T>(method: 'GET' | 'POST', path: string, body?: unknown, signal?: AbortSignal) {
      const answer = await request(method, path, body, { timeout: 0, ...(signal && { signal }) });
      for await (const text of textLines(answer.body)) if (text !== '') yield JSON.parse(text) as T;
    },
    async *follow<T>(path: string, signal: AbortSignal) {
      const answer = await request('GET', path, undefined, {
        timeout: 0,
        signal,
        headers: { accept: 'text/event-stream' },
      });
      for await (const text of textLines(answer.body))
        if (text.startsWith('data:')) yield JSON.parse(text.slice(5)) as T;
    },
    async close() {
      if (agent.made !== undefined) await (await agent.made).destroy();
    },
  };
}

/** Splits on the byte 0x0A only: U+2028 inside a string is no line's end. */
export async function* textLines(stream: AsyncIterable<unknown>): AsyncIterable<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      yield rest.subarray(0, end).toString('utf8').replace(/\r$/, '');
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) yield rest.toString('utf8');
}

/** `--token`, `$BELFRY_TOKEN`, or the file that the first start made, if it may be read. */
export async function tokenFor(
  options: CommonOptions,
  env: Readonly<Record<string, string | undefined>>,
  paths: () => Promise<StatePaths>,
): Promise<string | undefined> {
  if (options.token !== undefined) return options.token;
  if (env.BELFRY_TOKEN) return env.BELFRY_TOKEN;
  if (options.url === undefined) return undefined;
  return readFile((await paths()).token, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

function lazily<T>(make: () => Promise<T>): { (): Promise<T>; made?: Promise<T> } {
  const get: { (): Promise<T>; made?: Promise<T> } = () => (get.made ??= make());
  return get;
}

const EXITS: Readonly<Record<number, number>> = { 400: EXIT.usage, 404: EXIT.nothing };

/** The daemon's own words are the message. 400 is wrong usage that only the daemon can tell, 404 is "nothing matched", the rest failed. */
function refusal(status: number, text: string): CommandError {
  let said = text;
  try {
    const problem: unknown = JSON.parse(text);
    const told = isObject(problem) ? (problem.detail ?? problem.title) : undefined;
    if (typeof told === 'string') said = told;
  } catch {
    // Not problem details: a proxy in between answered; its text is all there is.
  }
  return new CommandError(EXITS[status] ?? EXIT.failed, `the daemon answered ${status}: ${said}`);
}

function unreachable(options: CommonOptions, error: NodeJS.ErrnoException): CommandError {
  const where = options.url === undefined ? 'on its socket' : 'at the address given with --url';
  const why: Readonly<Record<string, string>> = {
    ENOENT: 'there is no socket: it is not running, or runs on another state directory (see --config)',
    ECONNREFUSED: 'nobody listens: it is not running',
    EACCES: 'permission denied: run this as the user that runs the daemon, or join its group',
  };
  return new CommandError(
    EXIT.unreachable,
    `the daemon cannot be reached ${where}: ${why[error.code ?? ''] ?? error.message}`,
    { cause: error },
  );
}
