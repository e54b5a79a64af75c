import { readFile } from 'node:fs/promises';
import { Agent, type IncomingMessage } from 'node:http';
import { EXIT } from '../../core/problems/failure.ts';
import { USER_HEADER } from '../../core/audit/entry.ts';
import { isObject } from '../../core/values/json.ts';
import { TOKEN } from '../../core/values/value-kind.ts';
import type { StatePaths } from '../../app/state/paths.ts';
import { OpenedOnce } from '../../lib/async/opened-once.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { AnswerWait } from './answer-wait.ts';
import { type HttpRequest, sendRequest, textOf } from './http-request.ts';
import { unreachableText } from './locate.ts';
import { readValue } from '../options.ts';
import { CommandError, type CommonOptions } from '../render/terminal.ts';

/** Client of a running daemon, over its Unix socket or, with `--url` and `--token`, over TCP. */
export interface Client {
  /** Resolves to the parsed answer. Rejects with a CommandError: exit 69 when no daemon answers, else by its problem details. */
  call<T>(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown, options?: CallOptions): Promise<T>;
  /** The lines of an NDJSON answer as they come. */
  lines<T>(method: 'GET' | 'POST', path: string, body?: unknown, options?: CallOptions): AsyncIterable<T>;
  /** The `data:` of a server-sent event stream as it comes. */
  follow<T>(path: string, signal: AbortSignal): AsyncIterable<T>;
  /** The bytes of an answer as they come. */
  bytes(path: string, signal: AbortSignal): AsyncIterable<Buffer>;
  close(): Promise<void>;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds that the answer is expected to take: a request with `?wait=` is answered late. */
  readonly expected?: number;
  /** Milliseconds to wait beyond that, unless the user gave --timeout; no limit if not set. */
  readonly limit?: number;
  /** Text that explains a long wait. */
  readonly note?: () => Promise<string>;
  readonly signal?: AbortSignal;
  /** Gets the `ETag` of the answer. */
  readonly onEtag?: (etag: string) => void;
}

/** Dependencies of a client. */
export interface ClientDeps {
  readonly clock: Clock;
  /** Prints a line for the user on standard error. */
  readonly print: (text: string) => void;
  /** Name of the user, for the audit log; with a token the daemon knows the name of the token. */
  readonly user?: string;
}

/** Finds the socket of the daemon; the connections that it makes are kept by `agent` for the requests that follow. */
export type Locate = (agent: Agent) => Promise<string>;

/** Creates a client. `locate` is called at the first call, unless there is a URL. */
export function openClient(options: CommonOptions, locate: Locate, deps: ClientDeps): Client {
  return new HttpClient(options, locate, deps);
}

interface Connection {
  readonly to: HttpRequest['to'];
  readonly agent: Agent;
}

const AGENT_OPTIONS = { keepAlive: true, maxSockets: 4 } as const;

async function connectionTo(url: string | undefined, locate: Locate): Promise<Connection> {
  if (url === undefined) {
    const agent = new Agent(AGENT_OPTIONS);
    try {
      return { to: { socketPath: await locate(agent) }, agent };
    } catch (error) {
      agent.destroy();
      throw error;
    }
  }
  const isTls = url.startsWith('https:');
  return {
    to: { url },
    agent: isTls ? new (await import('node:https')).Agent(AGENT_OPTIONS) : new Agent(AGENT_OPTIONS),
  };
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

class HttpClient implements Client {
  readonly #options: CommonOptions;
  readonly #deps: ClientDeps;
  readonly #connection: OpenedOnce<Connection>;

  constructor(options: CommonOptions, locate: Locate, deps: ClientDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#connection = new OpenedOnce(() => connectionTo(options.url, locate));
  }

  async call<T>(method: Method, path: string, body?: unknown, call: CallOptions = {}): Promise<T> {
    const wait = this.#wait(`${method} ${path}`, call);
    try {
      const answer = await this.#send(method, path, body, call, wait);
      if (answer.headers.etag !== undefined) call.onEtag?.(answer.headers.etag);
      const text = await textOf(answer);
      return (text === '' ? undefined : JSON.parse(text)) as T;
    } catch (error) {
      throw wait.failure(error, this.#unreachable);
    } finally {
      wait.end();
    }
  }

  async *lines<T>(method: Method, path: string, body?: unknown, call: CallOptions = {}): AsyncGenerator<T> {
    for await (const text of this.#stream(method, path, body, call)) if (text !== '') yield JSON.parse(text) as T;
  }

  async *follow<T>(path: string, signal: AbortSignal): AsyncGenerator<T> {
    const call = { signal, headers: { accept: 'text/event-stream' } };
    for await (const text of this.#stream('GET', path, undefined, call))
      if (text.startsWith('data:')) yield JSON.parse(text.slice(5)) as T;
  }

  async close(): Promise<void> {
    (await this.#connection.ifOpened())?.agent.destroy();
  }

  bytes(path: string, signal: AbortSignal): AsyncGenerator<Buffer> {
    return this.#bytes('GET', path, undefined, { signal });
  }

  /** The lines of an answer as they come. */
  #stream(method: Method, path: string, body: unknown, call: CallOptions): AsyncIterable<string> {
    return textLines(this.#bytes(method, path, body, call));
  }

  async *#bytes(method: Method, path: string, body: unknown, call: CallOptions): AsyncGenerator<Buffer> {
    const wait = this.#wait(`${method} ${path}`, call);
    try {
      const answer = await this.#send(method, path, body, call, wait);
      if (call.note === undefined) wait.answered();
      for await (const chunk of answer) {
        wait.received();
        yield chunk as Buffer;
      }
    } catch (error) {
      throw wait.failure(error, this.#unreachable);
    } finally {
      wait.end();
    }
  }

  async #send(
    method: Method,
    path: string,
    body: unknown,
    { headers }: CallOptions,
    { signal }: AnswerWait,
  ): Promise<IncomingMessage> {
    const { token } = this.#options;
    const { user, clock } = this.#deps;
    const answer = await sendRequest({
      ...(await this.#connection.get()),
      method,
      path,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(token === undefined && user !== undefined && { [USER_HEADER]: encodeURIComponent(user) }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      // `AnswerWait` limits the time of an answer.
      signal,
      clock,
    });
    if (answer.statusCode! >= 400) throw refusal(answer.statusCode!, await textOf(answer));
    return answer;
  }

  #wait(request: string, call: CallOptions): AnswerWait {
    return new AnswerWait({
      ...this.#deps,
      request,
      expected: call.expected ?? 0,
      limit: this.#options.timeout ?? call.limit,
      note: call.note ?? (async () => `waiting for the daemon to answer \`${request}\``),
      signal: call.signal,
    });
  }

  readonly #unreachable = (error: NodeJS.ErrnoException): Error =>
    error instanceof SyntaxError
      ? new CommandError(EXIT.failed, `the answer is not JSON, so this is not a Belfry daemon: ${error.message}`)
      : unreachable(this.#options, error);
}

/** Splits a stream into lines at the byte 0x0A only: U+2028 inside a string does not end a line. */
async function* textLines(stream: AsyncIterable<Buffer>): AsyncIterable<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of stream) {
    rest = Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(0x0a); end !== -1; end = rest.indexOf(0x0a)) {
      yield rest.subarray(0, end).toString('utf8').replace(/\r$/, '');
      rest = rest.subarray(end + 1);
    }
  }
  if (rest.length > 0) yield rest.toString('utf8');
}

/** Token from `--token`, `$BELFRY_TOKEN`, or the file that the first start made, if it is readable. */
export async function tokenFor(
  options: CommonOptions,
  env: Readonly<Record<string, string | undefined>>,
  paths: () => Promise<StatePaths>,
): Promise<string | undefined> {
  if (options.token !== undefined) return options.token;
  if (env.BELFRY_TOKEN) return readValue('$BELFRY_TOKEN', TOKEN, env.BELFRY_TOKEN);
  if (options.url === undefined) return undefined;
  return readFile((await paths()).token, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
}

const EXITS: Readonly<Record<number, number>> = { 400: EXIT.usage, 404: EXIT.nothing };
/** Exit codes of problems that are no wrong usage although their status is 400. */
const EXITS_BY_CODE: Readonly<Record<string, number>> = { 'rules.invalid': EXIT.config };

/** Error of a response. The message is that of the daemon; 400 is wrong usage, 404 is "nothing matched", any other failed. */
function refusal(status: number, text: string): CommandError {
  let detail = text;
  let code: string | undefined;
  try {
    const problem: unknown = JSON.parse(text);
    const given = isObject(problem) ? (problem.detail ?? problem.title) : undefined;
    if (typeof given === 'string') detail = given;
    if (isObject(problem) && typeof problem.code === 'string') code = problem.code;
  } catch {
    // A proxy answered without problem details, so its text is the message.
  }
  const exit = EXITS_BY_CODE[code ?? ''] ?? EXITS[status] ?? EXIT.failed;
  return new CommandError(exit, `the daemon answered ${status}: ${detail}`, { code });
}

function unreachable(options: CommonOptions, error: NodeJS.ErrnoException): CommandError {
  const where = options.url === undefined ? 'on its socket' : 'at the address given with --url';
  return new CommandError(EXIT.unreachable, `the daemon cannot be reached ${where}: ${unreachableText(error)}`, {
    cause: error,
  });
}
