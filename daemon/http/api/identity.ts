import type { Caller } from '../stream/stream-server.ts';

/** The last use of a token or a session. */
export interface LastUse {
  /** RFC 3339. */
  readonly at: string;
  /** IP address; absent for the Unix socket. */
  readonly address?: string;
}

export interface TokenView {
  readonly name: string;
  readonly scopes: readonly string[];
  /** `expiring`: within 14 days. */
  readonly state: 'valid' | 'expiring' | 'expired';
  /** `state`: the token that the first start made. */
  readonly origin: 'rules' | 'state';
  /** RFC 3339; absent for a token without an end. */
  readonly expires?: string;
  /** Absent when it was never used. */
  readonly last_used?: LastUse;
}

/** A session of the web console. */
export interface ConsoleSessionView {
  readonly id: string;
  /** Name of the token that made its ticket; absent for the socket. */
  readonly by?: string;
  readonly scopes: readonly string[];
  /** RFC 3339. */
  readonly since: string;
  readonly until: string;
  /** IP address of the login. */
  readonly address?: string;
  readonly last_used?: LastUse;
}

export interface IdentityView {
  readonly tokens: readonly TokenView[];
  readonly sessions: readonly ConsoleSessionView[];
}

/** Tokens and sessions with their uses. */
export interface IdentityApi {
  /** Records a use. `address` is undefined on the Unix socket. */
  used(caller: Caller, address: string | undefined): void;
  list(): Promise<IdentityView>;
  /** Ends a session of the console. Resolves to false if there is none with this id. */
  endSession(id: string): Promise<boolean>;
}
