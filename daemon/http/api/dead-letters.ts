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
  /** Resolves to false if there is none with this id. */
  drop(id: string): Promise<boolean>;
}

export type * from '../../core/delivery/resend.ts';
