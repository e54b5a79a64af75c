import type { SkippedLines } from '../../core/delivery/resend.ts';
import type { RerunPlan } from '../../core/explain/rerun.ts';
import type { EVENT_FILTERS } from '../../core/values/history-filters.ts';
import type { ValuesOf } from '../../core/values/parameter.ts';

/** Filters of events, without those that only order a list. */
export type RerunFilter = Omit<ValuesOf<typeof EVENT_FILTERS>, 'order' | 'limit' | 'cursor'>;

/** Past events to be run again: by their ids, or all that match a filter. */
export interface RerunRequest {
  readonly ids?: readonly string[];
  readonly filter?: RerunFilter;
  /** The body of the request, which the views of the job show. */
  readonly given: object;
  /** Only answer with the plan. */
  readonly plan?: boolean;
}

/** First line. `job` is absent where only the plan was asked for. */
export interface PlannedRerun {
  readonly job?: string;
  readonly plan: RerunPlan;
}

/** One event that was decided again. */
export interface RerunProgress {
  readonly id: string;
  /** Id of the new event. */
  readonly event?: string;
  readonly state: 'rerun' | 'failed';
  /** Rule -> outcome of the new event. */
  readonly outcomes?: Readonly<Record<string, string>>;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Last line. */
export interface RerunSum {
  readonly rerun: number;
  readonly failed: number;
}

export type RerunLine = PlannedRerun | RerunProgress | RerunSum | SkippedLines;

export interface RerunApi {
  /**
   * Decides past events anew by the rules of today, by a job that goes on when `signal` aborts. Yields the plan, a line for each
   * event, then the totals. Rejects with `rerun.too_many` (400), `rerun.none` (404) and `jobs.too_many` (409).
   */
  rerun(
    request: RerunRequest,
    caller: { readonly by: string | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<RerunLine>;
}

export type * from '../../core/explain/rerun.ts';
