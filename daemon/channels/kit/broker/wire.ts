import type { Duplex } from 'node:stream';
import { SendFailure } from '../../../core/problems/failure.ts';
import { networkFailure } from '../net/network-failures.ts';
import { ended } from './connection.ts';

interface Waiter<T> {
  resolve(answer: T): void;
  reject(failure: Error): void;
}

/** Stream to a broker, and the answers that are awaited from it. All of them fail when the stream is lost. */
export class Wire<T> {
  readonly stream: Duplex;
  readonly #type: string;
  readonly #waiting = new Map<number, Waiter<T>>();
  #last = 0;
  #error: unknown;
  isLost = false;
  /** The login is over: a loss from now on leaves the outcome of messages unknown. */
  isReady = false;

  /** `type`: type of the channel. `onData` throws if what arrives is not of the protocol. */
  constructor(type: string, stream: Duplex, onData: (chunk: Buffer) => void) {
    this.#type = type;
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => {
      try {
        onData(chunk);
      } catch {
        this.garbled();
      }
    });
    stream.on('error', (error) => (this.#error ??= error));
    // A peer that has ended its side reads no more messages.
    stream.on('end', () => this.#lose());
    stream.on('close', () => this.#lose());
    if (stream.destroyed) this.#lose();
  }

  /** Number for the next message, from 1 to `limit`, that no awaited answer has. */
  next(limit = Number.MAX_SAFE_INTEGER): number {
    do this.#last = (this.#last % limit) + 1;
    while (this.#waiting.has(this.#last));
    return this.#last;
  }

  /** Resolves when `resolve` is called for this number. */
  answer(id: number): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.isLost) reject(this.#failure(false));
      else this.#waiting.set(id, { resolve, reject });
    });
  }

  /** Number of the answer that is awaited for the longest time. */
  get oldest(): number | undefined {
    return this.#waiting.keys().next().value;
  }

  resolve(id: number | undefined, answer: T): void {
    this.#take(id)?.resolve(answer);
  }

  reject(id: number | undefined, failure: Error): void {
    this.#take(id)?.reject(failure);
  }

  /** Closes the stream because what arrived is not of the protocol. */
  garbled(): void {
    const message = 'the answer is not of the protocol; the port may belong to something else';
    const isWrong = this.isReady ? {} : { misconfigured: true };
    this.fail(new SendFailure(this.isReady ? 'unknown' : 'permanent', `${this.#type}.garbled`, message, isWrong));
  }

  /** Closes the stream; every awaited answer fails with the error. */
  fail(error: unknown): void {
    this.#error ??= error;
    this.#lose();
  }

  /**
   * Closes the stream when `farewell` is written. It is destroyed then, since a peer may never end its side, and at once if the peer
   * has not taken earlier data: the attempts that wrote it have ended.
   */
  close(farewell?: () => void): void {
    if (this.isLost || this.stream.writableLength > 0) {
      this.stream.destroy();
      return;
    }
    farewell?.();
    this.stream.end(() => this.stream.destroy());
  }

  #take(id: number | undefined): Waiter<T> | undefined {
    if (id === undefined) return undefined;
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiter;
  }

  #lose(): void {
    this.isLost = true;
    this.stream.destroy();
    const failure = this.#failure(this.isReady);
    for (const id of this.#waiting.keys()) this.reject(id, failure);
  }

  #failure(sent: boolean): SendFailure {
    const error = this.#error ?? ended();
    return error instanceof SendFailure ? error : networkFailure(error, sent);
  }
}
