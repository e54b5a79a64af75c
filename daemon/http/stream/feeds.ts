import type { IncomingMessage, ServerResponse } from 'node:http';
import type { WebSocket } from 'ws';
import type { Clock } from '../../lib/time/clock.ts';
import type { FeedItem } from '../daemon-api.ts';
import { HttpProblem } from '../problem.ts';
import type { Refusals } from '../request/refusals.ts';
import { readFrame } from './frames.ts';
import { pingClient } from './ping.ts';
import { EventStream } from './sse.ts';

/** Clients of the feed, all together: each item is written to every one of them. */
export const MAX_FEEDS = 100;
export const MAX_FEED_BUFFER_BYTES = 1024 * 1024;
/** Answer to `{"type":"ping"}`: pages cannot see the pings of the protocol, and detect a lost daemon by its absence. */
const FEED_PONG = JSON.stringify({ kind: 'pong' });
const TOO_MANY = `${MAX_FEEDS} clients follow the feed already`;

export interface FeedsDeps {
  readonly clock: Clock;
  readonly feed: (listener: (item: FeedItem) => void) => () => void;
  readonly refusals: Pick<Refusals, 'count'>;
}

/** Clients of the live feed. One that reads too slowly is closed; it can read the history instead. */
export class Feeds {
  readonly #deps: FeedsDeps;
  readonly #open = new Set<() => void>();

  constructor(deps: FeedsDeps) {
    this.#deps = deps;
  }

  addSocket(socket: WebSocket, { socket: { remoteAddress } }: IncomingMessage): void {
    const { refusals } = this.#deps;
    if (this.#open.size >= MAX_FEEDS) {
      refusals.count('feeds', remoteAddress);
      return socket.close(1013, TOO_MANY);
    }
    const endUnread = (): void => {
      if (socket.bufferedAmount <= MAX_FEED_BUFFER_BYTES || socket.readyState !== socket.OPEN) return;
      refusals.count('unread_bytes', remoteAddress);
      socket.terminate();
    };
    const send = (text: string): void => {
      socket.send(text, (error) => error && socket.terminate());
      endUnread();
    };
    const stop = this.#follow((item) => send(JSON.stringify(item)));
    socket.on('message', (data, binary) => {
      if (!binary && readFrame(String(data as Buffer))?.type === 'ping') send(FEED_PONG);
    });
    // The library answers pings of the protocol by itself.
    socket.on('ping', endUnread);
    socket.on('error', () => socket.terminate());
    const stopPings = pingClient(socket, this.#deps.clock);
    socket.on('close', () => {
      stopPings();
      stop();
    });
  }

  /** Throws 429 when there are too many clients. */
  addResponse(response: ServerResponse, { socket: { remoteAddress } }: IncomingMessage): void {
    if (this.#open.size >= MAX_FEEDS)
      throw new HttpProblem(429, 'feed.too_many', TOO_MANY, { headers: { 'retry-after': '60' } });
    const stream = new EventStream(response, this.#deps.clock, () => stop());
    const stop = this.#follow((item) => {
      if (stream.buffered <= MAX_FEED_BUFFER_BYTES)
        return void stream.write({ data: JSON.stringify(item) }).catch(() => stop());
      this.#deps.refusals.count('unread_bytes', remoteAddress);
      stop();
      response.destroy();
    });
  }

  close(): void {
    for (const stop of this.#open) stop();
  }

  #follow(listener: (item: FeedItem) => void): () => void {
    const unsubscribe = this.#deps.feed(listener);
    const stop = (): void => {
      unsubscribe();
      this.#open.delete(stop);
    };
    this.#open.add(stop);
    return stop;
  }
}
