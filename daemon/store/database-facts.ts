/** Facts about a PostgreSQL server and the schema of the store in it, for the doctor. */
export interface DatabaseFacts {
  /** Version, such as `15.14`, and its major number. */
  readonly version: string;
  readonly major: number;
  readonly encoding: string;
  /** Whether it only reads: it is a standby of another server. */
  readonly isStandby: boolean;
  readonly user: string;
  /** Privileges that the user lacks: `INSERT on deliveries`. */
  readonly missingPrivileges: readonly string[];
  /** Reason why this program cannot use the schema. */
  readonly schemaFault?: string;
  /** Number of living instances. */
  readonly instances: number;
  /** Whether a notification that another connection sends arrives. */
  readonly isNotified: boolean;
  /** Milliseconds by which the clock of this machine is ahead of the server's. */
  readonly clockAhead: number;
  /** Connections that the server, the database and the user allow, whichever is lowest. */
  readonly maxConnections: number;
  /** Settings of the server by name. */
  readonly settings: Readonly<Record<ServerSetting, string>>;
  /** Standbys that are connected, and how many of them commits wait for. */
  readonly standbys: { readonly all: number; readonly synchronous: number };
  /** Holders of dead rows or of old log segments: one text for each. */
  readonly held: readonly string[];
  /** Whether the user sees the transactions of other users. */
  readonly seesOthers: boolean;
}

export type ServerSetting =
  | 'autovacuum'
  | 'fsync'
  | 'full_page_writes'
  | 'synchronous_commit'
  | 'synchronous_standby_names';

/** Facts, or the reason why the server cannot be used at all. */
export type ExaminedDatabase = DatabaseFacts | { readonly unreachable: string };
