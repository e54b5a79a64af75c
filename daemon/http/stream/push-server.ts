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
import { HttpProblem } from '../problem.ts';
import { userOf } from '../request/auth.ts';
import type { Refusals, RefusedLimit } from '../request/refusals.ts';
import type { FeedItem } from '../daemon-api.ts';
import type { Caller, StreamServer, StreamKind, TicketHolder } from './stream-server.ts';
import { Connection } from './connection.ts';
import { Feeds } from './feeds.ts';
import { MessageFrames, positionOf, pushBody } from './frames.ts';
import { EventStream, openUserEvents } from './sse.ts';
import { Tickets } from '../../lib/secrets/tickets.ts';
import { ValidityChecks } from './validity-checks.ts';

export interface PushServerDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Called when a user has acknowledged these deliveries. */
  readonly onAcknowledged: (deliveries: readonly string[], receipt: Receipt) => Promise<void>;
  readonly feed: (listener: (item: FeedItem) => void) => () => void;
  readonly refusals: Pick<Refusals, 'count'>;
}

export interface PushServer extends PushGateway, StreamServer {
  close(): Promise<void>;
}

/** Connection of one user by WebSocket or server-sent events. */
interface UserConnection {
  wake(): void;
  close(code: number, reason: string): void;
}

export const MAX_FRAME_BYTES = 64 * 1024;
/** Fragments of one message of a client. */
export const MAX_FRAGMENTS = 256;
export const MAX_CONNECTIONS_PER_USER = 16;
/** Limits that the WebSocket library keeps, by the code of its error. */
const BEYOND: Readonly<Record<string, RefusedLimit>> = {
  WS_ERR_UNSUPPORTED_MESSAGE_LENGTH: 'frame_bytes',
  WS_ERR_TOO_MANY_BUFFERED_PARTS: 'frame_fragments',
};
const EVERYBODY = '*';
/** Time for clients to answer the close frame. */
const CLOSE_GRACE_MS = 500;
const TICKET_LIFE_SECONDS = 30;

/** Registry of connected users. A connection that ends is removed; pushes that it did not acknowledge stay in the store. */
export function openPushServer(deps: PushServerDeps): PushServer {
  return new WebSocketPushServer(deps);
}

class WebSocketPushServer implements PushServer {
  readonly #deps: PushServerDeps;
  readonly #tickets: Tickets<TicketHolder>;
  readonly #checks: ValidityChecks;
  readonly #users = new Map<string, Set<UserConnection>>();
  readonly #feeds: Feeds;
  readonly #frames = new MessageFrames();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    maxFragments: MAX_FRAGMENTS,
    perMessageDeflate: false,
    // The response must not repeat the offered token.
    handleProtocols: (offered) => (offered.has('belfry.v1') ? 'belfry.v1' : false),
  });

  constructor(deps: PushServerDeps) {
    this.#deps = deps;
    this.#tickets = new Tickets(deps.clock, TICKET_LIFE_SECONDS);
    this.#checks = new ValidityChecks(deps.clock);
    this.#feeds = new Feeds(deps);
    deps.store.pushes.onAppended((to) => this.#wake(to));
  }

  async push({ delivery, message, to, require, keepUntil }: Parameters<PushGateway['push']>[0]): Promise<void> {
    const { store, clock } = this.#deps;
    await store.pushes.append({
      delivery: delivery.id,
      to,
      require,
      frame: pushBody(delivery, message),
      at: clock.now(),
      keepUntil,
    });
  }

  #wake(to: readonly string[]): void {
    const users = to.includes(EVERYBODY) ? this.#users.keys() : to;
    for (const user of users) for (const userConnection of this.#users.get(user) ?? []) userConnection.wake();
  }

  ticket(
    user: string,
    { isValid }: Pick<Caller, 'isValid'> = {},
  ): { readonly ticket: string; readonly expires_in: number } {
    return this.#tickets.issue({ user, ...(isValid !== undefined && { isValid }) });
  }

  redeem(ticket: string): TicketHolder | undefined {
    const holder = this.#tickets.redeem(ticket);
    return holder?.isValid?.() === false ? undefined : holder;
  }

  async ack(user: string, seq: number): Promise<void> {
    const { store, clock } = this.#deps;
    await this.#reportAck(user, seq, await store.pushes.ack(user, seq, clock.now()));
  }

  async #ackDeferred(user: string, seq: number): Promise<void> {
    const { store, clock } = this.#deps;
    await this.#reportAck(user, seq, await store.pushes.ackDeferred(user, seq, clock.now()));
  }

  async #reportAck(user: string, seq: number, deliveries: readonly string[]): Promise<void> {
    const { store, onAcknowledged } = this.#deps;
    if (deliveries.length === 0) return;
    await onAcknowledged(deliveries, { id: `${store.pushes.epoch}:${seq}`, answer: `acknowledged by ${user}` });
  }

  clientSource(): string {
    return readFileSync(new URL('assets/client.js', packageRoot()), 'utf8');
  }

  upgrade(kind: StreamKind, request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void {
    this.#sockets.handleUpgrade(request, socket, head, (opened) => {
      this.#countRefusals(opened, request);
      const forget = this.#checks.watch(caller, () => opened.close(1008, NOT_VALID));
      opened.on('close', forget);
      if (kind === 'feed') this.#feeds.addSocket(opened, request);
      else this.#openStream(opened, request, caller);
    });
  }

  events(kind: StreamKind, request: IncomingMessage, response: ServerResponse, caller: Caller): void {
    if (kind === 'feed') this.#feeds.addResponse(response, request);
    else this.#openUserEvents(request, response, caller);
    const forget = this.#checks.watch(caller, () => response.end());
    response.on('close', forget);
  }

  async close(): Promise<void> {
    this.#feeds.close();
    for (const all of this.#users.values())
      for (const userConnection of all) userConnection.close(1001, 'the daemon is stopping');
    for (const client of this.#sockets.clients) client.close(1001, 'the daemon is stopping');
    await new Promise<void>((resolve) => {
      const cancel = this.#deps.clock.after(CLOSE_GRACE_MS, () => {
        for (const client of this.#sockets.clients) client.terminate();
      });
      this.#sockets.close(() => {
        cancel();
        resolve();
      });
    });
  }

  #openStream(socket: WebSocket, request: IncomingMessage, caller: Caller): void {
    const { store, clock, log } = this.#deps;
    const query = queryOf(request);
    const user = userOf(caller, query.get('user') ?? undefined);
    if (user === undefined) return socket.close(1008, NAME_THE_USER);
    if (this.#isFull(user)) {
      this.#deps.refusals.count('user_connections', request.socket.remoteAddress);
      return socket.close(1013, tooManyConnections(user));
    }
    const connection: Connection = new Connection({
      socket,
      user,
      pushes: store.pushes,
      clock,
      log,
      position: positionOf(query.get('epoch'), query.get('seq')),
      onAck: (seq) => this.#ackDeferred(user, seq),
      onUnread: () => this.#deps.refusals.count('unread_bytes', request.socket.remoteAddress),
      frames: this.#frames,
      onEnd: () => this.#remove(user, connection),
    });
    this.#add(user, connection);
    connection.greet().catch((error: unknown) => {
      log.warn({ user, error: (error as Error).message }, 'push: hello could not be sent');
      socket.terminate();
    });
  }

  #openUserEvents(request: IncomingMessage, response: ServerResponse, caller: Caller): void {
    const { store, clock, log } = this.#deps;
    const query = queryOf(request);
    const user = userOf(caller, query.get('user') ?? undefined);
    if (user === undefined) throw new HttpProblem(403, 'stream.user', NAME_THE_USER);
    if (this.#isFull(user)) throw tooMany(user);
    let wake = (): void => {};
    const userConnection: UserConnection = { wake: () => wake(), close: () => stream.close() };
    const stream = new EventStream(response, clock, () => this.#remove(user, userConnection));
    this.#add(user, userConnection);
    const [epoch, seq] = String(request.headers['last-event-id'] ?? '').split(':');
    const position = positionOf(epoch, seq) ?? positionOf(query.get('epoch'), query.get('seq'));
    openUserEvents({ stream, user, pushes: store.pushes, clock, position, onAck: (upTo) => this.ack(user, upTo) }).then(
      (reader) => {
        wake = () => void reader.wake()?.catch(() => stream.close());
        wake();
      },
      (error: unknown) => {
        log.debug({ user, error: (error as Error).message }, 'push: an event stream could not start');
        stream.close();
      },
    );
  }

  #countRefusals(socket: WebSocket, { socket: { remoteAddress } }: IncomingMessage): void {
    socket.on('error', ({ code }: NodeJS.ErrnoException) => {
      const limit = BEYOND[code ?? ''];
      if (limit !== undefined) this.#deps.refusals.count(limit, remoteAddress);
    });
  }

  #isFull(user: string): boolean {
    return (this.#users.get(user)?.size ?? 0) >= MAX_CONNECTIONS_PER_USER;
  }

  #add(user: string, userConnection: UserConnection): void {
    const all = this.#users.get(user);
    if (all === undefined) this.#users.set(user, new Set([userConnection]));
    else all.add(userConnection);
  }

  #remove(user: string, userConnection: UserConnection): void {
    const all = this.#users.get(user);
    all?.delete(userConnection);
    if (all?.size === 0) this.#users.delete(user);
  }
}

const NOT_VALID = 'the token or session is not valid any more';
const NAME_THE_USER = 'name the user: ?user=NAME, whose pushes this token may receive';

const tooMany = (user: string): HttpProblem =>
  new HttpProblem(429, 'stream.too_many', tooManyConnections(user), { headers: { 'retry-after': '60' } });

function tooManyConnections(user: string): string {
  return `${user} has ${MAX_CONNECTIONS_PER_USER} connections already`;
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URL(request.url ?? '/', 'http://belfry').searchParams;
}
