import type { Receipt } from './delivery.ts';

/** Selection of records: all given criteria must hold; `all` without criteria selects every record. */
export interface ResendRequest {
  readonly ids?: readonly string[];
  readonly all?: boolean;
  readonly channel?: string;
  readonly rule?: string;
  readonly class?: string;
  /** Earliest time of death: RFC 3339, or a duration before now. */
  readonly since?: string;
  readonly to?: string;
  readonly requeue?: boolean;
  readonly dryRun?: boolean;
}

export interface DeadLineProblem {
  readonly line: number;
  readonly problem: string;
}

export interface ResendPlan {
  readonly plan: {
    readonly total: number;
    readonly channels: Readonly<Record<string, number>>;
    readonly problems: readonly DeadLineProblem[];
    /** Given ids that are not in the file. */
    readonly missing: readonly string[];
  };
}

export interface ResendProgress {
  readonly id: string;
  readonly channel: string;
  readonly state: 'delivered' | 'dead' | 'sending' | 'requeued';
  readonly receipt?: Receipt;
  readonly error?: { readonly class: string; readonly code: string; readonly message: string };
}

export interface ResendSum {
  readonly delivered: number;
  readonly failed: number;
  /** Records still in the file. */
  readonly left: number;
}
