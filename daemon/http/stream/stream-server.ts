import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Rate } from '../../lib/time/duration.ts';

/** Sender of a request: name and scopes of its token. `user` is set when a ticket identifies the user. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly user?: string;
  /** Requests that it may make. */
  readonly rate?: Rate;
  /** Whether the caller is on the Unix socket, without a token. */
  readonly isSocket?: true;
  /** Set for a session of the web console: its id, the token that made its ticket (undefined for the socket), and its end in milliseconds since the epoch. */
  readonly session?: { readonly id: string; readonly by?: string; readonly until: number };
  /** Whether it would be let in again with the same rights; a stream outlives the check of its token. Absent for the socket. */
  readonly isValid?: () => boolean;
}

/** User whom a ticket names, and whether its maker would still be let in. */
export type TicketHolder = Required<Pick<Caller, 'user'>> & Pick<Caller, 'isValid'>;

export type StreamKind = 'stream' | 'feed';

/** Long-lived connections, WebSockets and server-sent events, of authenticated callers. */
export interface StreamServer {
  upgrade(kind: StreamKind, request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void;
  /** Serves the same content as server-sent events. */
  events(kind: StreamKind, request: IncomingMessage, response: ServerResponse, caller: Caller): void;
  /** Creates a ticket; `expires_in` is in seconds. It is void when its maker is not valid any more. */
  ticket(user: string, maker?: Pick<Caller, 'isValid'>): { readonly ticket: string; readonly expires_in: number };
  /** Returns the holder of a ticket and removes the ticket. */
  redeem(ticket: string): TicketHolder | undefined;
  /** Acknowledges all pushes up to `seq`. */
  ack(user: string, seq: number): Promise<void>;
  /** Source of the client for browsers, an ES module. */
  clientSource(): string;
}
