import type { IssuedTicket } from '../../lib/secrets/tickets.ts';
import type { Caller } from '../stream/stream-server.ts';

/** Logins of the web console. */
export interface ConsoleApi {
  /** `daemon.console` of the live rules. */
  isOn(): boolean;
  /** Creates a ticket for one login with these scopes; `caller` is the maker, who has scope `admin`. */
  ticket(scopes: readonly string[], caller: Caller): IssuedTicket;
  /** Redeems a ticket; undefined when it is not valid any more. `address`: IP address of the client. */
  login(ticket: string, address: string | undefined): Promise<SessionView | undefined>;
  /** Owner of a session token; undefined when it is not valid. */
  caller(token: string): Caller | undefined;
}

/** A session of the web console. */
export interface SessionView {
  /** Names it in lists; not a secret. */
  readonly id: string;
  readonly token: string;
  readonly name: string;
  readonly scopes: readonly string[];
  /** Seconds. */
  readonly expires_in: number;
}
