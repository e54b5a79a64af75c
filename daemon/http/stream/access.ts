import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

/** Who asks: the name and scopes of their token. `user` when the way they came in says whom they listen as. */
export interface Caller {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly user?: string;
}

export type StreamKind = 'stream' | 'feed';

/** Where long-lived connections go once the listener knows who they are. */
export interface StreamDoor {
  upgrade(kind: StreamKind, request: IncomingMessage, socket: Duplex, head: Buffer, caller: Caller): void;
  /** The same as server-sent events. */
  events(kind: StreamKind, request: IncomingMessage, response: ServerResponse, caller: Caller): void;
  /** `expires_in` in seconds. */
  ticket(user: string): { readonly ticket: string; readonly expires_in: number };
  /** The user of a ticket, once. */
  redeem(ticket: string): string | undefined;
  /** Cumulative. */
  ack(user: string, seq: number): Promise<void>;
  /** The browser's side, an ES module. */
  clientSource(): string;
}
