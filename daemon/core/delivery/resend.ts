import type { Receipt } from './delivery.ts';

/** Selection of records: all given criteria must hold; `all` without criteria selects every record. */
export interface ResendRequest {
  readonly ids?: readonly string[];
  readonly all?: boolean;
  readonly channel?: string;
  readonly rule?: string;
  readonly class?: string;
  readonly code?: string;
  /** Earliest time of death: RFC 3339, or a duration before now. */
  readonly since?: string;
  /** Time of death before which it must be. With `until` of a plan, the request selects what that plan counted. */
  readonly until?: string;
  readonly text?: string;
  readonly to?: string;
  readonly requeue?: boolean;
  readonly dryRun?: boolean;
}

export interface DeadLineProblem {
  readonly line: number;
  readonly problem: string;
}

/** Number of records of one channel and class. */
export interface DeadCount {
  readonly channel: string;
  readonly class: string;
  readonly count: number;
}

/** Last line of a page. `total` and `counts` are those of all records that match. */
export interface DeadPageEnd {
  /** `cursor` of the next page; null on the last one. */
  readonly next: string | null;
  readonly total: number;
  readonly counts: readonly DeadCount[];
}

export interface ResendPlan {
  /** Id of the job that sends them; absent where nothing is sent, and while no daemon runs. */
  readonly job?: string;
  readonly plan: {
    readonly total: number;
    readonly channels: Readonly<Record<string, number>>;
    /** By the channel and class of the records; `channels` has the channels to which they go. */
    readonly counts: readonly DeadCount[];
    /** Selected records that a running job is sending. This one leaves them out. */
    readonly in_other_jobs: number;
    /** RFC 3339. As `until` of the next request it selects no record that died after this plan. */
    readonly until: string;
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

/** Line of the answer to a resend. */
export type ResendLine = ResendPlan | ResendProgress | ResendSum | SkippedLines;

/** In place of lines that were dropped because their reader was too slow. */
export interface SkippedLines {
  readonly skipped: number;
}
