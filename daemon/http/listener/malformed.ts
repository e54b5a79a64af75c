import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Status for a malformed request by the error code of the parser. */
const STATUSES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Content Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};

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

  /** Remembers a request that was parsed up to its body. */
  track(request: IncomingMessage, response: ServerResponse): void {
    this.#last.set(request.socket, { request, response, before: this.#last.get(request.socket)?.response });
  }

  refuse(error: NodeJS.ErrnoException, connection: Duplex): void {
    if (this.#refused.has(connection)) return;
    this.#refused.add(connection);
    const answer = (): void => {
      if (!connection.writable) connection.destroy();
      else connection.end(`HTTP/1.1 ${statusOf(error)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    };
    const last = this.#last.get(connection);
    const isBody = last?.request.complete === false;
    // Writing a second response into one that has begun would corrupt it.
    if (isBody && last.response.headersSent) return void connection.destroy();
    const pending = isBody ? last.before : last?.response;
    if (pending === undefined || pending.writableFinished || !connection.writable) answer();
    else pending.once('close', answer);
  }
}

function statusOf({ code = '' }: NodeJS.ErrnoException): string {
  return STATUSES[code] ?? '400 Bad Request';
}
