import type { Socket } from 'node:net';
import { networkFailure } from './network-failures.ts';

const MAX_BYTES = 16 * 1024;

/** Reads the answers of a proxy on a new connection, and leaves all that follows them for the server's protocol. */
export class HandshakeReader {
  readonly socket: Socket;
  readonly #timeout: number;
  #read = Buffer.alloc(0);

  /** `timeout`: milliseconds without an answer. */
  constructor(socket: Socket, timeout: number) {
    this.socket = socket;
    this.#timeout = timeout;
  }

  /** Bytes that were read and not taken. */
  get rest(): Buffer {
    return this.#read;
  }

  /** Takes `length` bytes. Rejects with a `SendFailure`. */
  bytes(length: number): Promise<Buffer> {
    return this.#take((read) => (read.length < length ? undefined : length));
  }

  /** Takes the text up to and including `end`; undefined if it is too long. */
  async text(end: string): Promise<string | undefined> {
    const taken = await this.#take((read) => {
      const at = read.indexOf(end);
      if (at !== -1) return at + end.length;
      return read.length < MAX_BYTES ? undefined : 0;
    });
    return taken.length === 0 ? undefined : taken.toString('latin1');
  }

  /** Gives the rest back to the connection. */
  end(): void {
    if (this.#read.length > 0) this.socket.unshift(this.#read);
  }

  async #take(enough: (read: Buffer) => number | undefined): Promise<Buffer> {
    for (;;) {
      const length = enough(this.#read);
      if (length !== undefined) {
        const taken = this.#read.subarray(0, length);
        this.#read = this.#read.subarray(length);
        return taken;
      }
      this.#read = Buffer.concat([this.#read, await this.#chunk()]);
    }
  }

  #chunk(): Promise<Buffer> {
    const { socket } = this;
    return new Promise((resolve, reject) => {
      const fail = (code: string) => (): void => settle(() => reject(networkFailure({ code }, false)));
      const onReadable = (): void => {
        const chunk = socket.read() as Buffer | null;
        if (chunk !== null) settle(() => resolve(chunk));
      };
      const onError = (error: unknown): void => settle(() => reject(networkFailure(error, false)));
      const [onTimeout, onClose] = [fail('UND_ERR_HEADERS_TIMEOUT'), fail('ECONNRESET')];
      const settle = (report: () => void): void => {
        socket.setTimeout(0);
        socket.off('readable', onReadable).off('error', onError).off('timeout', onTimeout);
        socket.off('end', onClose).off('close', onClose);
        report();
      };
      socket.setTimeout(this.#timeout);
      socket.on('readable', onReadable).on('error', onError).on('timeout', onTimeout);
      socket.on('end', onClose).on('close', onClose);
    });
  }
}
