import type { Round, StateRecord } from './round.ts';

/** Part of a transaction. It may be prepared several times: after a refusal on other states than before. */
export interface Task {
  /** Adds decisions and writes. An error that it throws rejects the task alone. */
  prepare(round: Round): void;
  /** The transaction was made. `results` are those of the procedures that `prepare` wrote, in their order. */
  done(results: (position: number) => unknown): void;
  failed(error: unknown): void;
  /** Finds out about rows that were stored before; `prepare` uses it at the next call. */
  learn?(taken: Taken): Promise<void>;
  /** Concerns deliveries of this instance: dropped when it has lost them. */
  readonly isOwners?: boolean;
  /** Number of the run in which it was submitted; the committer sets it. */
  owner?: number;
  /** Time by which somebody wants an answer, by the monotonic clock; absent for a task that waits as long as it takes. */
  readonly deadline?: number;
}

/** Rows that the transaction would repeat. */
export interface Taken {
  readonly taken?: readonly TakenName[];
  /** One of the Idempotency-Keys was used before. */
  readonly request?: boolean;
}

export interface TakenName {
  readonly id_hash: number;
  readonly source_hash: number;
  readonly event: number;
  readonly nth: number;
}

/** Answer of the function `commit`. */
export interface Answer extends Taken {
  readonly fenced?: boolean;
  readonly changed?: readonly StateRecord[] | null;
  readonly ranges?:
    | readonly {
        readonly rule: string;
        readonly step: string;
        readonly states: readonly Omit<StateRecord, 'rule' | 'step'>[] | null;
      }[]
    | null;
  readonly version?: number;
  /** Changes of the totals. */
  readonly counts?: Readonly<Record<string, number>> | null;
  readonly results?: readonly (readonly [position: number, value: unknown])[];
}
