import { isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { Receipt } from '../../../core/delivery/delivery.ts';
import type { Message } from '../../../core/message/message.ts';
import { SendFailure } from '../../../core/problems/failure.ts';
import { unlessAborted } from '../../../lib/async/abort.ts';
import type { ChannelTools, Notifier, SendIo } from '../../channel.ts';
import { connected, type Dialer } from '../net/dialer.ts';
import { networkFailure } from '../net/network-failures.ts';
import { trusted } from '../net/pem.ts';
import type { Server } from './server.ts';

/** Connection to a broker that stays open for many messages. */
export interface Connection {
  /** Whether it was closed or cut, so that the next message needs another one. */
  readonly isLost: boolean;
  /** Resolves when the broker has confirmed the message. Rejects with a `SendFailure`. */
  send(message: Message, io: SendIo): Promise<Receipt>;
  close(): void | Promise<void>;
}

/** Tools for opening a connection. */
export interface Opening {
  /** For a library that connects by itself. */
  readonly net: Dialer;
  /** Socket to a server; encrypted if the server is secure, unless `plain`. */
  dial(server: Server, options?: { readonly plain?: true }): Promise<Socket>;
  /** TLS over an open socket. */
  secure(server: Server, socket: Socket): Promise<Socket>;
  /** Result of `work`, such as a login. Destroys `stream` if it fails, is not done in time, or the channel is closed. */
  within<T>(stream: Duplex, work: Promise<T>): Promise<T>;
}

/** Milliseconds for a connection, and again for TLS and for the login. */
export const OPEN_TIMEOUT_MS = 10_000;

/** Channel whose messages go over one connection, which is opened for the first message and again after a loss. */
export function openBroker(
  type: string,
  tools: ChannelTools,
  open: (opening: Opening) => Promise<Connection>,
): Notifier {
  const closing = new AbortController();
  const kept = new KeptConnection(() => open(openingOf(tools, closing.signal)));
  return {
    async send(message, io) {
      const { ending } = io;
      const aborted = (): SendFailure =>
        new SendFailure('transient', `${type}.aborted`, 'the attempt ended before anything was sent');
      if (ending.aborted) throw aborted();
      const connection = await unlessAborted(kept.get(), ending, () =>
        networkFailure({ code: 'ETIMEDOUT' }, false),
      ).catch(asFailure);
      return await unlessAborted(connection.send(message, io), ending, () => {
        // A connection without answers may be dead although no error shows it.
        kept.forget(connection);
        return new SendFailure('unknown', `${type}.no_answer`, 'no confirmation within the time allowed');
      });
    },
    async close() {
      closing.abort();
      await kept.close();
    },
  };
}

const asFailure = (error: unknown): never => {
  throw error instanceof SendFailure ? error : networkFailure(error, false);
};

/** The connection in use. A lost one is opened again by the next message. */
class KeptConnection {
  readonly #open: () => Promise<Connection>;
  #current: Promise<Connection> | undefined;
  /** The open connection behind `#current`. */
  #opened: Connection | undefined;

  constructor(open: () => Promise<Connection>) {
    this.#open = open;
  }

  get(): Promise<Connection> {
    if (this.#opened?.isLost === true) this.forget(this.#opened);
    this.#current ??= this.#reopen();
    return this.#current;
  }

  /** Closes a connection, so that the next message opens another one. */
  forget(connection: Connection): void {
    if (this.#opened !== connection) return;
    this.#current = undefined;
    this.#opened = undefined;
    void closed(connection);
  }

  async close(): Promise<void> {
    if (this.#opened !== undefined) await closed(this.#opened);
    // A connection that is being opened ends by itself.
    else void this.#current?.then(closed, () => undefined);
  }

  async #reopen(): Promise<Connection> {
    try {
      return (this.#opened = await this.#open());
    } catch (error) {
      this.#current = undefined;
      throw error;
    }
  }
}

/** Closes a connection; one that is lost already may refuse. */
async function closed(connection: Connection): Promise<void> {
  try {
    await connection.close();
  } catch {
    // The connection is gone.
  }
}

function openingOf({ net, clock }: ChannelTools, signal: AbortSignal): Opening {
  const opening: Opening = {
    net,
    async dial(server, { plain } = {}) {
      const socket = await net.connect(server, OPEN_TIMEOUT_MS);
      // An error after this must not end the process; `close` follows it.
      socket.on('error', () => undefined);
      return server.isSecure && plain !== true ? await opening.secure(server, socket) : socket;
    },
    async secure(server, socket) {
      const secured = connectTls({ socket, ...tlsOptions(server) });
      secured.on('error', () => undefined);
      return await opening.within(secured, connected(secured, OPEN_TIMEOUT_MS, 'secureConnect'));
    },
    async within(stream, work) {
      let isLate = false;
      const stop = (): void => void stream.destroy();
      const cancel = clock.after(OPEN_TIMEOUT_MS, () => {
        isLate = true;
        stop();
      });
      signal.addEventListener('abort', stop);
      if (signal.aborted) stop();
      try {
        return await work;
      } catch (error) {
        stream.destroy();
        throw isLate ? timedOut() : error;
      } finally {
        cancel();
        signal.removeEventListener('abort', stop);
      }
    },
  };
  return opening;
}

/** Options of TLS, with which the certificate is checked. */
export const tlsOptions = ({ host, ca }: Server) => ({
  host,
  ...(isIP(host) === 0 && { servername: host }),
  ...trusted(ca),
});

const timedOut = (): Error => Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' });

/** Error of a connection that the server ended without one. */
export const ended = (): Error => Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });
