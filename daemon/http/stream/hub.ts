import { readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { PushGateway } from '../../channels/channel.ts';
import type { Receipt } from '../../core/delivery/delivery.ts';
import { packageRoot } from '../../lib/files/package-root.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Store } from '../../store/store.ts';
import { userOf } from '../request/auth.ts';
import type { FeedItem } from '../daemon-api.ts';
import type { Caller, StreamDoor, StreamKind } from './access.ts';
import { Connection } from './connection.ts';
import { MessageFrames, positionOf, pushBody } from './frames.ts';
import { EventStream, openUserEvents } from './sse.ts';
import { Tickets } from './tickets.ts';

export interface HubParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** These deliveries have their receipt. */
  readonly acknowledged: (deliveries: readonly string[], receipt: Receipt) => Promise<void>;
  readonly feed: (listener: (item: FeedItem) => void) => () => void;
}

export interface Hub extends PushGateway, StreamDoor {
  close(): Promise<void>;
}

/** One way of one user to us, whichever protocol it speaks. */
interface Listening {
  wake(): void;
  close(code: number, reason: string): void;
}

const LARGEST_FRAME = 64 * 1024;
const MOST_PER_USER = 16;
const MOST_FEED_BEHIND = 1024 * 1024;
const EVERYBODY = '*';

/** Knows who is connected. Whatever ends a connection takes it out of the registry, and what it did not acknowledge waits in the store. */
export function openHub(parts: HubParts): Hub {
  return new PushHub(parts);
}

class PushHub implements Hub {
  readonly #parts: HubParts;
  readonly #tickets: Tickets;
  readonly #users = new Map<string, Set<Listening>>();
  readonly #feeds = new Set<() => void>();
  readonly #frames = new MessageFrames();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LARGEST_FRAME,
    perMessageDeflate: false,
    // The token that was offered beside it is not repeated.
    handleProtocols: (offered) => (offered.has('belfry.v1') ? 'belfry.v1' : false),
  });

  constructor(parts: HubParts) {
    this.#parts = parts;
    this.#tickets = new Tickets(parts.clock);
  }

  async push({ delivery, message, to, require, keepUntil }: Parameters<PushGateway['push']>[0]): Promise<void> {
    const { store, clock } = this.#parts;
    await store.pushes.append({
      delivery: delivery.id,
      to,
      require,
      frame: pushBody(delivery, message),
      at: clock.now(),
      keepUntil,
    });
    const users = to.includes(EVERYBODY) ? this.#users.keys() : to;
    for (const user of users) for (const listening of this.#users.get(user) ?? []) listening.wake();
  }

  ticket(user: string): { readonly ticket: string; readonly expires_in: number } {
    return this.#tickets.issue(user);
  }

  redeem(ticket: string): string | undefined {
    return this.#tickets.redeem(ticket);
  }

  async ack(user: string, seq: number): Promise<void> {
    const { store, clock } = this.#parts;
    await this.#done(user, seq, await store.pushes.ack(user, seq, clock.now()));
  }

  async #heard(user: string, seq: number): Promise<void> {
    const { store, clock } = this.#parts;
    await this.#done(user, seq, await store.pushes.ackDeferred(user, seq, clock.now()));
  }

  async #done(user: string, seq: number, deliveries: readonly string[]): Promise<void> {
    const { store, acknowledged } = this.#parts;
    if (deliveries.length === 0) return;
    await acknowledged(deliveries, { id: `${store.pushes.epoch}:${seq}`, answer: `acknowledged by ${user}` });
  }

  clientSource(): string {
    return readFileSync(new URL('assets/client.js', packageRoot()), 'utf8');
  }

  upgrade(kind: StreamKind, request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void {
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      if (kind === 'feed') this.#openFeed(opened);
      else this.#openStream(opened, request, caller);
    });
  }

  events(kind: StreamKind, request: IncomingMessage, response: ServerResponse, caller: Caller): void {
    if (kind === 'feed') this.#openFeedEvents(response);
    else this.#openUserEvents(request, response, caller);
  }

  async close(): Promise<void> {
    for (const unfollow of this.#feeds) unfollow();
    for (const all of this.#users.values())
      for (const listening of all) listening.close(1001, 'the daemon is stopping');
    for (const client of this.#sockets.clients) client.close(1001, 'the daemon is stopping');
    await new Promise<void>((resolve) => {
      const cut = setTimeout(() => this.#sockets.clients.forEach((client) => client.terminate()), 500);
      this.#sockets.close(() => {
        clearTimeout(cut);
        resolve();
      });
    });
  }

  #openStream(socket: WebSocket, request: IncomingMessage, caller: Caller): void {
    const { store, clock, log } = this.#parts;
    const query = queryOf(request);
    const user = userOf(caller, query.get('user') ?? undefined);
    if (user === undefined) return socket.close(1008, 'name the user: ?user=NAME, one that this token may listen as');
    if ((this.#users.get(user)?.size ?? 0) >= MOST_PER_USER)
      return socket.close(1013, `${user} has ${MOST_PER_USER} connections already`);
    const connection: Connection = new Connection({
      socket,
      user,
      pushes: store.pushes,
      clock,
      log,
      position: positionOf(query.get('epoch'), query.get('seq')),
      acked: (seq) => this.#heard(user, seq),
      frames: this.#frames,
      ended: () => this.#leave(user, connection),
    });
    this.#enter(user, connection);
    connection.greet().catch((error: unknown) => {
      log.warn({ user, error: (error as Error).message }, 'push: a client could not be greeted');
      socket.terminate();
    });
  }

  #openUserEvents(request: IncomingMessage, response: ServerResponse, caller: Caller): void {
    const { store, clock, log } = this.#parts;
    const query = queryOf(request);
    const user = userOf(caller, query.get('user') ?? undefined);
    if (user === undefined || (this.#users.get(user)?.size ?? 0) >= MOST_PER_USER) {
      response.writeHead(user === undefined ? 403 : 429, { 'content-type': 'application/problem+json' });
      response.end(
        JSON.stringify({
          type: 'about:blank',
          status: response.statusCode,
          code: 'stream.user',
          title: 'Refused',
          detail: 'name the user: ?user=NAME, one that this token may listen as, with few connections',
        }),
      );
      return;
    }
    let wake = (): void => {};
    const listening: Listening = { wake: () => wake(), close: () => stream.close() };
    const stream = new EventStream(response, clock, () => this.#leave(user, listening));
    this.#enter(user, listening);
    const [epoch, seq] = String(request.headers['last-event-id'] ?? '').split(':');
    const position = positionOf(epoch, seq) ?? positionOf(query.get('epoch'), query.get('seq'));
    openUserEvents({ stream, user, pushes: store.pushes, clock, position, acked: (upTo) => this.ack(user, upTo) }).then(
      (reader) => {
        wake = () => void reader.wake()?.catch(() => stream.close());
        wake();
      },
      (error: unknown) => {
        log.debug({ user, error: (error as Error).message }, 'push: an event stream could not begin');
        stream.close();
      },
    );
  }

  /** A reader of the feed that falls behind is closed: the feed is for watching, and history is kept elsewhere. */
  #openFeed(socket: WebSocket): void {
    const unfollow = this.#follow((item) => {
      socket.send(JSON.stringify(item), (error) => error && socket.terminate());
      if (socket.bufferedAmount > MOST_FEED_BEHIND) socket.terminate();
    });
    socket.on('error', () => socket.terminate());
    socket.on('close', unfollow);
  }

  #openFeedEvents(response: ServerResponse): void {
    const stream = new EventStream(response, this.#parts.clock, () => unfollow());
    const unfollow = this.#follow((item) => {
      if (stream.buffered > MOST_FEED_BEHIND) stream.close();
      else stream.write({ data: JSON.stringify(item) }).catch(() => unfollow());
    });
  }

  #follow(listener: (item: FeedItem) => void): () => void {
    const stop = this.#parts.feed(listener);
    const unfollow = (): void => {
      stop();
      this.#feeds.delete(unfollow);
    };
    this.#feeds.add(unfollow);
    return unfollow;
  }

  #enter(user: string, listening: Listening): void {
    const all = this.#users.get(user);
    if (all === undefined) this.#users.set(user, new Set([listening]));
    else all.add(listening);
  }

  #leave(user: string, listening: Listening): void {
    const all = this.#users.get(user);
    all?.delete(listening);
    if (all?.size === 0) this.#users.delete(user);
  }
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url ?? '/', 'http://belfry').searchParams;
}
