import type { Clock } from '../../../lib/time/clock.ts';
import type { ClusterHealth, ClusterStatus, InstanceStatus } from '../../cluster.ts';
import type { Database } from '../engine/database.ts';
import type { MemberDetails, Membership } from './membership.ts';

interface ClusterDeps {
  readonly database: Database;
  /** Name of the schema, without quotation marks. */
  readonly schema: string;
  readonly clock: Clock;
  readonly membership: Membership;
  readonly listener: { readonly isListening: boolean };
  readonly isOutage: () => boolean;
}

type Reading = Pick<ClusterHealth, 'oldestXminSeconds' | 'deadTuples' | 'inactiveSlots'>;

/** Milliseconds between two readings of the statistics of the server, which are for all who ask. */
const READ_MS = 10_000;

/** Tables whose rows are changed or deleted with every event. */
const HOT_TABLES = ['commits', 'deliveries', 'events', 'leases', 'owners', 'pushes', 'states'];

/** A transaction of another user is seen only with the role `pg_read_all_stats`; a prepared one and a slot always are. */
const STATISTICS = `SELECT
  extract(epoch FROM greatest(
    (SELECT max(clock_timestamp() - xact_start) FROM pg_stat_activity
      WHERE backend_xmin IS NOT NULL AND datname = current_database() AND pid <> pg_backend_pid()),
    (SELECT max(clock_timestamp() - prepared) FROM pg_prepared_xacts WHERE database = current_database()),
    interval '0'))::float8,
  (SELECT json_object_agg(relname, n_dead_tup) FROM pg_stat_user_tables WHERE schemaname = $1 AND relname = ANY($2::text[])),
  (SELECT count(*) FROM pg_replication_slots WHERE NOT active)`;

/** Knowledge of this instance about the others, and statistics of the server, which also show what its other users do. */
export class PostgresCluster implements ClusterStatus {
  readonly #deps: ClusterDeps;
  #reading: Reading = {};
  #cancel: (() => void) | undefined;
  #isClosed = false;

  constructor(deps: ClusterDeps) {
    this.#deps = deps;
  }

  /** Facts about this instance that its membership does not know, for the other instances. */
  get details(): Pick<MemberDetails, 'clockAhead' | 'isListening'> {
    const { membership, listener } = this.#deps;
    return { clockAhead: Math.round(membership.clockAhead), isListening: listener.isListening };
  }

  instances(): readonly InstanceStatus[] {
    const { members, owner, serverTime } = this.#deps.membership;
    return members.map(({ instance, ms, since, details, ...member }) => {
      const { host, pid, version, generation, rules, clockAhead, isListening } = details;
      return {
        name: instance,
        owner: member.owner,
        isSelf: member.owner === owner,
        since,
        leaseUntil: serverTime + ms,
        isAlive: ms > 0,
        host,
        pid,
        ...(version !== undefined && { version }),
        ...(generation !== undefined && { generation }),
        ...(rules !== undefined && { fingerprint: rules }),
        ...(clockAhead !== undefined && { clockAhead }),
        ...(isListening !== undefined && { isListening }),
      };
    });
  }

  health(): ClusterHealth {
    const { membership, isOutage } = this.#deps;
    return { leaseSeconds: membership.left / 1000, isOutage: isOutage(), ...this.#reading };
  }

  /** Begins to read the statistics of the server. */
  start(): void {
    void this.#read();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel?.();
  }

  async #read(): Promise<void> {
    const { database, schema, clock } = this.#deps;
    try {
      const [row] = await database.rows(STATISTICS, [schema, HOT_TABLES]);
      const [age, dead, slots] = row!;
      this.#reading = {
        oldestXminSeconds: Number(age),
        deadTuples: JSON.parse(String(dead ?? '{}')) as Record<string, number>,
        inactiveSlots: Number(slots),
      };
    } catch {
      this.#reading = {};
    }
    if (!this.#isClosed) this.#cancel = clock.after(READ_MS, () => void this.#read());
  }
}
