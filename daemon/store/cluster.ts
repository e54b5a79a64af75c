/** The instances that run on one store. Everything is answered from memory. */
export interface ClusterStatus {
  /** Instances, in the order in which they joined, as of the last beat of this one. Empty before the first beat. */
  instances(): readonly InstanceStatus[];
  health(): ClusterHealth;
}

export interface InstanceStatus {
  readonly name: string;
  /** Number of its run. */
  readonly owner: number;
  readonly isSelf: boolean;
  /** Times are milliseconds since the epoch by the clock of the store. */
  readonly since: number;
  readonly leaseUntil: number;
  /** Whether its lease had not ended at the last beat of this instance. */
  readonly isAlive: boolean;
  readonly host: string;
  readonly pid: number;
  readonly version?: string;
  readonly generation?: number;
  /** Fingerprint of its rules. */
  readonly fingerprint?: string;
  /** Milliseconds by which its clock is ahead of the clock of the store. */
  readonly clockAhead?: number;
  /** Whether notifications of the store reach it. */
  readonly isListening?: boolean;
}

/** State of the store, for metrics. What could not be read lately is undefined. */
export interface ClusterHealth {
  /** Seconds that are left of the lease of this instance. */
  readonly leaseSeconds: number;
  /** Whether the store cannot be reached. */
  readonly isOutage: boolean;
  /** Age of the oldest transaction whose snapshot keeps dead rows from being removed. */
  readonly oldestXminSeconds?: number;
  /** Estimated number of dead rows by table, of the tables that change most. */
  readonly deadTuples?: Readonly<Record<string, number>>;
  /** Number of replication slots that nobody uses. */
  readonly inactiveSlots?: number;
}
