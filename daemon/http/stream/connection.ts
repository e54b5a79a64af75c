import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { PushStore } from '../../store/store.ts';
import { HEARTBEAT_MS, hello, type MessageFrames, readFrame } from './frames.ts';
import { pingClient } from './ping.ts';
import { PushReader, type PushOutput } from './push-reader.ts';

/** Bytes that may be buffered; above it the next push waits until the client has read. */
export const MAX_BUFFERED_BYTES = 1024 * 1024;
/** Time in which a client with a full buffer must read something. After it the client is closed, and may resume later. */
const READ_WITHIN_MS = 5_000;
/** Frames of this size are written with a callback, because they may not be sent at once. */
const LARGE_FRAME_BYTES = 64 * 1024;
/** A client that sends nothing for this long after hello starts at its last acknowledged push. */
const RESUME_WAIT_MS = 250;
/** Sends buffers as text frames. */
const TEXT = { binary: false };

export interface ConnectionDeps {
  readonly socket: WebSocket;
  readonly user: string;
  readonly pushes: PushStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Position at which the client stopped, if its URL has one. */
  readonly position: { readonly epoch: string; readonly seq: number } | undefined;
  readonly onAck: (seq: number) => Promise<void>;
  /** Called when the client is closed because it does not read. */
  readonly onUnread: () => void;
  /** Shared by all connections, so that a message to all users is encoded once. */
  readonly frames: MessageFrames;
  /** Called once when the connection ends for any reason. */
  readonly onEnd: () => void;
}

/**
 * WebSocket of one user.
 *
 *   greeted -> hello was sent; waits for `resume`, another frame, or a timeout
 *   reading -> pushes are sent, from the store and in order
 *   ended   -> closed, failed, a write failed, a pong was missed, or the client did not read 1 MiB
 */
export class Connection implements PushOutput {
  readonly #deps: ConnectionDeps;
  readonly #reader: PushReader;
  #cancelKeepAlive = (): void => {};
  #cancelPing = (): void => {};
  #cancelResume = (): void => {};
  /** Monotonic time of the last write. */
  #lastWrite = 0;
  #ended = false;
  #drained = (): void => {};

  constructor(deps: ConnectionDeps) {
    this.#deps = deps;
    const { socket, user, pushes, clock } = deps;
    this.#reader = new PushReader({
      user,
      pushes,
      now: () => clock.now(),
      sink: this,
    });
    socket.on('message', (data, binary) => this.#receive(data, binary));
    // The library answers pings of the protocol by itself.
    socket.on('ping', () => this.#checkAnswers());
    socket.on('close', () => this.#end());
    socket.on('error', () => this.#end());
  }

  async greet(): Promise<void> {
    const { user, pushes, clock, position } = this.#deps;
    const cursor = await pushes.cursor(user, clock.now());
    if (this.#ended) return;
    this.#write(JSON.stringify(hello(user, pushes.epoch, cursor)));
    this.#keepAlive();
    this.#cancelPing = pingClient(this.#deps.socket, clock);
    if (position !== undefined) this.#resume(position.epoch, position.seq, cursor);
    else this.#cancelResume = clock.after(RESUME_WAIT_MS, () => this.#begin(cursor));
  }

  wake(): void {
    this.#reader.wake()?.catch((error: unknown) => this.#fail(error));
  }

  close(code: number, reason: string): void {
    this.#deps.socket.close(code, reason);
  }

  #begin(seq: number): void {
    this.#cancelResume();
    this.#reader.start(seq)?.catch((error: unknown) => this.#fail(error));
  }

  #resume(epoch: string, seq: number, cursor: number): void {
    const { pushes } = this.#deps;
    if (epoch === pushes.epoch && seq <= pushes.head()) return this.#begin(seq);
    this.#write(JSON.stringify({ type: 'reset', reason: 'the sequence started again; discard its earlier numbers' }));
    this.#begin(cursor);
  }

  #receive(data: RawData, binary: boolean): void {
    const frame = binary ? undefined : readFrame(String(data as Buffer));
    if (frame === undefined) return this.close(binary ? 1003 : 1008, 'not a frame of this protocol');
    const { pushes, user, clock, log, onAck } = this.#deps;
    const logFailure = (work: Promise<unknown>): void =>
      void work.catch((error: unknown) =>
        log.warn({ user, error: (error as Error).message }, 'push: a frame of the client could not be handled'),
      );
    if (frame.type === 'resume')
      return logFailure(
        pushes.cursor(user, clock.now()).then((cursor) => this.#resume(frame.epoch, frame.seq, cursor)),
      );
    if (!this.#reader.isStarted)
      logFailure(pushes.cursor(user, clock.now()).then((cursor) => this.#reader.isStarted || this.#begin(cursor)));
    if (frame.type === 'ack') logFailure(onAck(frame.seq));
    else this.#write('{"type":"pong"}');
    this.#checkAnswers();
  }

  send(seq: number, body: string): Promise<void> | undefined {
    if (this.#ended) return Promise.reject(new Error('the connection has ended'));
    this.#write(this.#deps.frames.of(seq, body));
    return this.#deps.socket.bufferedAmount > MAX_BUFFERED_BYTES ? this.#untilEmptied() : undefined;
  }

  async #untilEmptied(): Promise<void> {
    while (this.#deps.socket.bufferedAmount > MAX_BUFFERED_BYTES && !this.#ended) await this.#untilRead();
  }

  /** Resolves when buffered data was written. Closes the connection when no data was written within `READ_WITHIN_MS`. */
  async #untilRead(): Promise<void> {
    const { socket, clock, user, log } = this.#deps;
    const before = socket.bufferedAmount;
    const cancel = clock.after(READ_WITHIN_MS, () => {
      if (socket.bufferedAmount < before) return this.#drained();
      log.warn({ user }, 'push: a client does not read and was closed; it may resume');
      socket.close(1013, 'the client does not read; resume later');
      this.#closeUnread();
    });
    await new Promise<void>((resolve) => (this.#drained = resolve));
    cancel();
  }

  #closeUnread(): void {
    this.#deps.onUnread();
    this.#deps.socket.terminate();
  }

  /** Answers to a client that sends and does not read would fill the memory. */
  #checkAnswers(): void {
    const { bufferedAmount, readyState, OPEN } = this.#deps.socket;
    if (bufferedAmount > 2 * MAX_BUFFERED_BYTES && readyState === OPEN) this.#closeUnread();
  }

  /** Writes a frame. A failed write ends the connection, and the client resumes later. */
  #write(text: string | Buffer): void {
    const { socket, clock } = this.#deps;
    if (this.#ended || socket.readyState !== socket.OPEN) return;
    this.#lastWrite = clock.monotonic();
    // A failure also emits `error` on the socket. A callback costs as much as the write, so only delayed writes have one.
    if (socket.bufferedAmount === 0 && text.length < LARGE_FRAME_BYTES) socket.send(text, TEXT);
    else socket.send(text, TEXT, this.#written);
  }

  readonly #written = (error?: Error): void => {
    this.#drained();
    if (error) this.#fail(error);
  };

  /** Writes a keepalive when nothing was written for `HEARTBEAT_MS`, so that the client notices a dead connection. */
  #keepAlive(wait = HEARTBEAT_MS): void {
    const { clock } = this.#deps;
    this.#cancelKeepAlive = clock.after(wait, () => {
      const idle = clock.monotonic() - this.#lastWrite;
      if (idle < HEARTBEAT_MS) return this.#keepAlive(HEARTBEAT_MS - idle);
      this.#write('{"type":"keepalive"}');
      this.#keepAlive();
    });
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#deps.log.debug({ user: this.#deps.user, error: (error as Error).message }, 'push: a connection failed');
    this.#deps.socket.terminate();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader.close();
    for (const cancel of [this.#cancelKeepAlive, this.#cancelPing, this.#cancelResume, this.#drained]) cancel();
    this.#deps.onEnd();
  }
}
