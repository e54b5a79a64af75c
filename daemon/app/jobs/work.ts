import type { JobFailure, JobKind } from '../../http/daemon-api.ts';
import type { RunControl } from '../../lib/async/run-control.ts';
import type { Rate } from '../../lib/time/duration.ts';

/**
 * The work of a job. To make a new kind of job, add its name to `JobKind`, build a work, and call `Jobs.start`; the pause, resume and
 * cancel, the progress, the API and `belfry jobs` are the same for all kinds. `dead-resend.ts` is an example.
 */
export interface JobWork<Line extends object> {
  readonly kind: JobKind;
  /** The person or token that asks for it. */
  readonly by?: string | undefined;
  /** Body of the request, as the views of the job show it. */
  readonly request: object;
  /** Number of items of each channel, or of the only part, whose name is empty. They are decided before the job starts. */
  readonly parts: ReadonlyMap<string, number>;
  /** The rate that limits a channel. */
  readonly rateOf?: (channel: string) => Rate | undefined;
  /**
   * Does the work and yields the lines of the answer: one for each item, and any others. It calls `control.proceed` before each
   * item, and ends early when that resolves to false. Called once.
   */
  run(control: RunControl): AsyncIterable<Line>;
  /** The result that a line reports; undefined if it reports none. */
  resultOf(line: Line): JobResult | undefined;
}

/** Result of one item. */
export interface JobResult {
  /** A key of `parts`. */
  readonly part: string;
  /** `delivered`, `requeued`, ... */
  readonly state: string;
  readonly failure?: JobFailure;
}
