import type { ServerResponse } from 'node:http';
import type { Clock } from '../../lib/time/clock.ts';
import type { PushStore } from '../../store/store.ts';
import { HEARTBEAT_MS, hello } from './frames.ts';
import { PushReader } from './push-reader.ts';

/** Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html) over one response, with a keepalive. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #clock: Clock;
  #cancelKeepAlive = (): void => {};
  #ended = false;

  constructor(response: ServerResponse, clock: Clock, onEnd: () => void) {
    this.#response = response;
    this.#clock = clock;
    response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    response.flushHeaders();
    response.on('close', () => {
      this.#ended = true;
      this.#cancelKeepAlive();
      onEnd();
    });
    response.on('error', () => response.destroy());
    this.#keepAlive();
  }

  /** Bytes that the client has not read. */
  get buffered(): number {
    return this.#response.writableLength;
  }

  /** Writes an event. Resolves when more may be written; rejects when the connection has ended. */
  async write(fields: { readonly id?: string; readonly event?: string; readonly data: string }): Promise<void> {
    if (this.#ended) throw new Error('the connection has ended');
    const id = fields.id === undefined ? '' : `id: ${fields.id}\n`;
    const event = fields.event === undefined ? '' : `event: ${fields.event}\n`;
    if (this.#response.write(`${id}${event}data: ${fields.data}\n\n`)) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        this.#response.off('drain', done);
        this.#response.off('close', done);
        resolve();
      };
      this.#response.on('drain', done);
      this.#response.on('close', done);
    });
  }

  close(): void {
    this.#response.end();
  }

  #keepAlive(): void {
    this.#cancelKeepAlive = this.#clock.after(HEARTBEAT_MS, () => {
      if (this.#ended) return;
      this.#response.write(': keepalive\n\n');
      this.#keepAlive();
    });
  }
}

/** Sends the pushes of a user as server-sent events. The protocol has no acknowledgements, so a reconnection with Last-Event-ID acknowledges, or `POST /v1/stream/ack`. */
export async function openUserEvents(deps: {
  readonly stream: EventStream;
  readonly user: string;
  readonly pushes: PushStore;
  readonly clock: Clock;
  readonly position: { readonly epoch: string; readonly seq: number } | undefined;
  readonly onAck: (seq: number) => Promise<void>;
}): Promise<PushReader> {
  const { stream, user, pushes, clock, position, onAck } = deps;
  const known = position?.epoch === pushes.epoch && position.seq <= pushes.head();
  if (known) await onAck(position.seq);
  const cursor = await pushes.cursor(user, clock.now());
  const sink = {
    send: (seq: number, body: string) =>
      stream.write({ id: `${pushes.epoch}:${seq}`, event: 'message', data: `{"seq":${seq},${body.slice(1)}` }),
  };
  const reader = new PushReader({ user, pushes, sink, now: () => clock.now() });
  await stream.write({ event: 'hello', data: JSON.stringify(hello(user, pushes.epoch, cursor)) });
  if (position !== undefined && !known)
    await stream.write({ event: 'reset', data: '{"reason":"the sequence started again"}' });
  void reader.start(known ? position.seq : cursor)?.catch(() => undefined);
  return reader;
}
