import type { RawData, WebSocket } from 'ws';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { PushStore } from '../../store/store.ts';
import { HEARTBEAT_MS, hello, type MessageFrames, readFrame } from './frames.ts';
import { Reader, type Sink } from './reader.ts';

/** Bytes that may wait to be written. Then the next push waits for the client to read on ... */
const MOST_BUFFERED = 1024 * 1024;
/** ... and for this long, milliseconds; one that reads nothing meanwhile is closed, and resumes later. */
const READ_WITHIN = 5_000;
/** Bytes of one frame that may not go out at once. */
const LARGE = 64 * 1024;
const PING_EVERY = 15_000;
/** A client that says nothing after hello is one that begins where it was last acknowledged. */
const RESUME_WAIT = 250;
/** Buffers, too, are text. */
const TEXT = { binary: false };

export interface ConnectionParts {
  readonly socket: WebSocket;
  readonly user: string;
  readonly pushes: PushStore;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the client says it stopped, if the address said so. */
  readonly position: { readonly epoch: string; readonly seq: number } | undefined;
  readonly acked: (seq: number) => Promise<void>;
  /** Those of all connections: a message to everybody is put into bytes once. */
  readonly frames: MessageFrames;
  /** Called once, however it ends. */
  readonly ended: () => void;
}

/**
 * One WebSocket of one user.
 *
 *   greeted -> hello is sent; waits for `resume`, any other frame, or a moment of silence
 *   reading -> pushes are sent, from the store and in order
 *   ended   -> closed, errored, a write failed, a pong was missed, or nothing was read for a mebibyte
 */
export class Connection implements Sink {
  readonly #parts: ConnectionParts;
  readonly #reader: Reader;
  #cancelBeat = (): void => {};
  #cancelPing = (): void => {};
  #cancelResume = (): void => {};
  #ponged = true;
  /** When something was last written, on the monotonic clock. */
  #wrote = 0;
  #ended = false;
  #drained = (): void => {};

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    const { socket, user, pushes, clock } = parts;
    this.#reader = new Reader({
      user,
      pushes,
      now: () => clock.now(),
      sink: this,
    });
    socket.on('message', (data, binary) => this.#heard(data, binary));
    socket.on('pong', () => {
      this.#ponged = true;
    });
    socket.on('close', () => this.#end());
    socket.on('error', () => this.#end());
  }

  async greet(): Promise<void> {
    const { user, pushes, clock, position } = this.#parts;
    const cursor = await pushes.cursor(user, clock.now());
    if (this.#ended) return;
    this.#write(JSON.stringify(hello(user, pushes.epoch, cursor)));
    this.#beat();
    this.#ping();
    if (position !== undefined) this.#resume(position.epoch, position.seq, cursor);
    else this.#cancelResume = clock.after(RESUME_WAIT, () => this.#begin(cursor));
  }

  wake(): void {
    this.#reader.wake()?.catch((error: unknown) => this.#broken(error));
  }

  close(code: number, reason: string): void {
    this.#parts.socket.close(code, reason);
  }

  #begin(seq: number): void {
    this.#cancelResume();
    this.#reader.begin(seq)?.catch((error: unknown) => this.#broken(error));
  }

  #resume(epoch: string, seq: number, cursor: number): void {
    const { pushes } = this.#parts;
    if (epoch === pushes.epoch && seq <= pushes.head()) return this.#begin(seq);
    this.#write(
      JSON.stringify({ type: 'reset', reason: 'the sequence began anew; what you know of it no longer counts' }),
    );
    this.#begin(cursor);
  }

  #heard(data: RawData, binary: boolean): void {
    const frame = binary ? undefined : readFrame(String(data as Buffer));
    if (frame === undefined) return this.close(binary ? 1003 : 1008, 'not a frame of this protocol');
    const { pushes, user, clock, log, acked } = this.#parts;
    const late = (work: Promise<unknown>): void =>
      void work.catch((error: unknown) =>
        log.warn({ user, error: (error as Error).message }, 'push: a frame could not be followed'),
      );
    if (frame.type === 'resume')
      return late(pushes.cursor(user, clock.now()).then((cursor) => this.#resume(frame.epoch, frame.seq, cursor)));
    if (!this.#reader.begun)
      late(pushes.cursor(user, clock.now()).then((cursor) => this.#reader.begun || this.#begin(cursor)));
    if (frame.type === 'ack') late(acked(frame.seq));
    else this.#write('{"type":"pong"}');
  }

  send(seq: number, body: string): Promise<void> | undefined {
    if (this.#ended) return Promise.reject(new Error('the connection has ended'));
    this.#write(this.#parts.frames.of(seq, body));
    return this.#parts.socket.bufferedAmount > MOST_BUFFERED ? this.#emptied() : undefined;
  }

  async #emptied(): Promise<void> {
    while (this.#parts.socket.bufferedAmount > MOST_BUFFERED && !this.#ended) await this.#readOn();
  }

  /** Resolves when something was written, or when the connection has ended because nothing was. */
  async #readOn(): Promise<void> {
    const { socket, clock, user, log } = this.#parts;
    const before = socket.bufferedAmount;
    const cancel = clock.after(READ_WITHIN, () => {
      if (socket.bufferedAmount < before) return this.#drained();
      log.warn({ user }, 'push: a client does not read; closed, it may resume');
      socket.close(1013, 'you do not read; resume later');
      socket.terminate();
    });
    await new Promise<void>((resolve) => (this.#drained = resolve));
    cancel();
  }

  /** Every write is checked: one that fails ends the connection, and the client resumes later. */
  #write(text: string | Buffer): void {
    const { socket, clock } = this.#parts;
    if (this.#ended || socket.readyState !== socket.OPEN) return;
    this.#wrote = clock.monotonic();
    // One that fails is told by the socket's `error`, too. To be called back costs as much as the write, so only those are that wait.
    if (socket.bufferedAmount === 0 && text.length < LARGE) socket.send(text, TEXT);
    else socket.send(text, TEXT, this.#written);
  }

  readonly #written = (error?: Error): void => {
    this.#drained();
    if (error) this.#broken(error);
  };

  /** At least this often something is heard, so that silence means something to the client. */
  #beat(wait = HEARTBEAT_MS): void {
    const { clock } = this.#parts;
    this.#cancelBeat = clock.after(wait, () => {
      const silent = clock.monotonic() - this.#wrote;
      if (silent < HEARTBEAT_MS) return this.#beat(HEARTBEAT_MS - silent);
      this.#write('{"type":"keepalive"}');
      this.#beat();
    });
  }

  #ping(): void {
    const { socket, clock } = this.#parts;
    this.#cancelPing = clock.after(PING_EVERY, () => {
      if (!this.#ponged) return socket.terminate();
      this.#ponged = false;
      socket.ping();
      this.#ping();
    });
  }

  #broken(error: unknown): void {
    if (this.#ended) return;
    this.#parts.log.debug({ user: this.#parts.user, error: (error as Error).message }, 'push: a connection broke');
    this.#parts.socket.terminate();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader.close();
    for (const cancel of [this.#cancelBeat, this.#cancelPing, this.#cancelResume, this.#drained]) cancel();
    this.#parts.ended();
  }
}
