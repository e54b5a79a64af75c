/** Jobs of the daemon: those that run, and the last ones that have ended. */
export interface JobsApi {
  /** The newest first. */
  list(): readonly JobView[];
  find(id: string): JobView | undefined;
  /** Undefined if there is no such job. Throws `job.ended` (409). */
  change(id: string, verb: JobVerb, by?: string): JobView | undefined;
}

/** Long work of the daemon that a person started. It goes on without the person; after a restart it is not continued. */
export interface JobView {
  readonly id: string;
  readonly kind: JobKind;
  readonly state: JobState;
  /** The person or token that started it. */
  readonly by?: string;
  readonly started_at: string;
  readonly ended_at?: string;
  /** Estimated time of the end; absent while it is paused, and before a result shows the speed. */
  readonly eta?: string;
  /** The body of the request that started it. */
  readonly request: object;
  readonly total: number;
  /** Items with a result. */
  readonly done: number;
  readonly delivered: number;
  readonly failed: number;
  readonly left: number;
  /** Number of items by the state of their result, such as `delivered`. */
  readonly results: Readonly<Record<string, number>>;
  /** Progress by channel, where the work has channels. */
  readonly channels: readonly JobChannel[];
  /** The latest failures, at most 20. */
  readonly failures: readonly JobFailure[];
  /** The last pause, resume or cancel. */
  readonly changed?: { readonly verb: JobVerb; readonly at: string; readonly by?: string };
  /** Reason of the state `failed`. */
  readonly error?: string;
}

export type JobKind = 'dead.resend' | 'events.rerun';

/** `cancelling`: nothing more begins, and what is in flight has not ended. */
export type JobState = 'running' | 'paused' | 'cancelling' | 'done' | 'cancelled' | 'failed';

export type JobVerb = 'pause' | 'resume' | 'cancel';

export interface JobChannel {
  readonly channel: string;
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** The rate limit of the channel, such as `20/1m`. */
  readonly rate?: string;
}

export interface JobFailure {
  readonly id: string;
  readonly channel?: string;
  readonly code: string;
  readonly message: string;
}
