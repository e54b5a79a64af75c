import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { HttpProblem, problemText } from '../problem.ts';
import type { Refusals, RefusedLimit } from '../request/refusals.ts';

/** Bytes of the headers of a request. */
export const MAX_HEADER_BYTES = 16 * 1024;

/** Limits that the parser keeps, by the code of its error. */
const BEYOND: Readonly<Record<string, { readonly limit: RefusedLimit; readonly problem: HttpProblem }>> = {
  HPE_HEADER_OVERFLOW: {
    limit: 'header_bytes',
    problem: new HttpProblem(431, 'header.too_large', `the headers have more than ${MAX_HEADER_BYTES} bytes`),
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    limit: 'chunk_extension',
    problem: new HttpProblem(413, 'body.chunk_extension', 'the extensions of a chunk are too long'),
  },
};
const TOO_SLOW = new HttpProblem(408, 'request.too_slow', 'the request did not come in time');
const MALFORMED = new HttpProblem(400, 'request.malformed', 'this is not a request of HTTP/1.1');

/** Last request on a connection, and the answer to the one before it. */
interface Last {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly before: ServerResponse | undefined;
}

/**
 * Answers what the parser refuses, and closes the connection. A client may send several requests at once; those before the malformed one
 * get their answers first, since a client matches answers to requests by their order.
 */
export class MalformedRequests {
  readonly #last = new WeakMap<Duplex, Last>();
  readonly #refused = new WeakSet<Duplex>();

  readonly #refusals: Refusals;

  constructor(refusals: Refusals) {
    this.#refusals = refusals;
  }

  /** Remembers a request that was parsed up to its body. */
  track(request: IncomingMessage, response: ServerResponse): void {
    this.#last.set(request.socket, { request, response, before: this.#last.get(request.socket)?.response });
  }

  refuse(error: NodeJS.ErrnoException, connection: Duplex): void {
    if (this.#refused.has(connection)) return;
    this.#refused.add(connection);
    const last = this.#last.get(connection);
    const isBody = last?.request.complete === false;
    const problem = this.#problemOf(error, connection as Socket, isBody);
    const answer = (): void => {
      if (!connection.writable) connection.destroy();
      else connection.end(problemText(problem));
    };
    // Writing a second response into one that has begun would corrupt it.
    if (isBody && last.response.headersSent) return void connection.destroy();
    const pending = isBody ? last.before : last?.response;
    if (pending === undefined || pending.writableFinished || !connection.writable) answer();
    else pending.once('close', answer);
  }

  /** Counts the refusal if a limit is its reason. */
  #problemOf({ code = '' }: NodeJS.ErrnoException, { bytesRead, remoteAddress }: Socket, isBody: boolean): HttpProblem {
    const beyond = BEYOND[code];
    if (beyond !== undefined) this.#refusals.count(beyond.limit, remoteAddress);
    if (code !== 'ERR_HTTP_REQUEST_TIMEOUT') return beyond?.problem ?? MALFORMED;
    // Browsers open connections in advance; one on which nothing came is no attempt.
    if (bytesRead > 0) this.#refusals.count(isBody ? 'request_time' : 'header_time', remoteAddress);
    return TOO_SLOW;
  }
}
