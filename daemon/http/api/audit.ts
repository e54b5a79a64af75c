import type { AuditChain, AuditEntry, AuditPage, AuditQuery } from '../../core/audit/entry.ts';

/** Way in by which a credential was given. */
export type LoginWay = (typeof LOGIN_WAYS)[number];
export const LOGIN_WAYS = ['token', 'ticket', 'console', 'hook', 'beat', 'button'] as const;

/** Reason why a credential was refused: nobody knows it, its time is over, or it lacks the scope. */
export type LoginFault = (typeof LOGIN_FAULTS)[number];
export const LOGIN_FAULTS = ['unknown', 'expired', 'scope'] as const;

/** A credential that was refused. */
export interface RefusedLogin {
  readonly way: LoginWay;
  readonly reason: LoginFault;
  /** Name of the token, if it is known. */
  readonly name?: string;
  /** IP address of the client; undefined on the Unix socket. */
  readonly address?: string;
}

/** The log of who did what. */
export interface AuditLogApi {
  /** Resolves when the line is on disk, or when it cannot be written now. Never rejects. */
  record(entry: AuditEntry): Promise<void>;
  /** Adds a refusal; repetitions share one line. */
  refused(refused: RefusedLogin): void;
  page(query: AuditQuery): Promise<AuditPage>;
  /** Checks the chain of hashes over all lines. */
  chain(): Promise<AuditChain>;
}
