import type { DeadEdit, EditProblem } from '../../core/delivery/dead-edit.ts';
import type { DeadLetter } from '../../core/delivery/delivery.ts';
import type { DeadLineProblem, DeadPageEnd, ResendLine, ResendRequest } from '../../core/delivery/resend.ts';
import type { DeadPageQuery } from '../../core/values/dead-filters.ts';

/** Calls about dead letters. */
export interface DeadLetterApi {
  /** All dead letters that match, the oldest first, or a page of them. */
  dead(query?: DeadPageQuery): AsyncIterable<DeadLetter | DeadLineProblem | DeadPageEnd>;
  /**
   * Starts a job and yields the plan, then one item for each record as it ends, then the totals. The job goes on when `signal` aborts
   * or the caller stops reading. `by` names the person. Rejects with `jobs.too_many` (409).
   */
  resend(
    request: ResendRequest,
    caller: { readonly by: string | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<ResendLine>;
  /** One record; undefined if there is none with this id. */
  deadLetter(id: string): Promise<DeadLetterView | undefined>;
  /**
   * Edits a record in the file. `ifMatch`: its `etag` must be this one; undefined: any. Rejects with `dead.in_job` (409) while a job
   * sends it.
   */
  editDeadLetter(id: string, edit: DeadEdit, options: EditOptions): Promise<DeadLetterEdited>;
  /** Resolves to false if there is none with this id. */
  drop(id: string): Promise<boolean>;
}

/** A record as it is in the file, and the value of its `ETag`, which every change of it changes. */
export interface DeadLetterView {
  readonly record: DeadLetter;
  readonly etag: string;
}

export interface EditOptions {
  readonly ifMatch?: string | undefined;
  readonly by?: string | undefined;
}

export type DeadLetterEdited =
  | ({ readonly kind: 'edited' } & DeadLetterView)
  /** Refusal because the record changed since; the record is that which is in the file now. */
  | ({ readonly kind: 'changed' } & DeadLetterView)
  | { readonly kind: 'none' }
  | { readonly kind: 'invalid'; readonly problems: readonly EditProblem[] };

export type * from '../../core/delivery/resend.ts';
export type { DeadLetter };
