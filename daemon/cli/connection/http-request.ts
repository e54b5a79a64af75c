import { type Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from 'node:http';
import type { Clock } from '../../lib/time/clock.ts';

/** Error code of a request that received nothing within its `idleMs`. */
export const IDLE_TIMEOUT = 'ERR_IDLE_TIMEOUT';

const CONNECT_TIMEOUT_MS = 5_000;

/** A request over the Unix socket `to.socketPath`, or to the host of `to.url` over TCP. */
export interface HttpRequest {
  readonly to: { readonly socketPath: string } | { readonly url: string };
  readonly agent: Agent | false;
  readonly method: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** Milliseconds without received data after which the request fails. */
  readonly idleMs?: number;
  readonly clock: Clock;
}

/** Sends a request; resolves when the headers of the answer have arrived. */
export async function sendRequest(given: HttpRequest): Promise<IncomingMessage> {
  const { to, agent, method, path, headers, body, signal, idleMs, clock } = given;
  const url = new URL('url' in to ? to.url : 'http://localhost');
  // Most commands talk over the socket: TLS is loaded only for `--url https://...`.
  const request = url.protocol === 'https:' ? (await import('node:https')).request : httpRequest;
  return new Promise((resolve, reject) => {
    // A proxy may publish the daemon below a path.
    const prefix = url.pathname.replace(/\/+$/, '');
    const sent = request(url, {
      ...('socketPath' in to && { socketPath: to.socketPath }),
      agent,
      method,
      path: prefix + path,
      ...(headers !== undefined && { headers }),
      ...(signal !== undefined && { signal }),
    });
    sent.on('error', reject);
    sent.on('response', resolve);
    if (idleMs !== undefined) sent.setTimeout(idleMs, () => sent.destroy(coded(IDLE_TIMEOUT, 'no answer in time')));
    if ('url' in to) limitConnecting(sent, clock);
    sent.end(body);
  });
}

/** Fails the request when TCP and TLS take too long to connect. */
function limitConnecting(sent: ClientRequest, clock: Clock): void {
  sent.on('socket', (socket) => {
    if (!socket.connecting) return;
    const cancel = clock.after(CONNECT_TIMEOUT_MS, () =>
      sent.destroy(coded('ETIMEDOUT', `no connection within ${CONNECT_TIMEOUT_MS / 1000} seconds`)),
    );
    socket.once('connect', cancel);
    socket.once('close', cancel);
  });
}

export async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}

function coded(code: string, message: string): NodeJS.ErrnoException {
  return Object.assign(new Error(message), { code });
}
