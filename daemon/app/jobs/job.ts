import type { JobState, JobVerb, JobView } from '../../http/daemon-api.ts';
import { RunControl } from '../../lib/async/run-control.ts';
import type { Log } from '../../lib/log.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { Follower } from './follower.ts';
import { JobProgress } from './progress.ts';
import type { JobWork } from './work.ts';

export interface JobDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** A work that runs: its state, its progress, and the reader who started it. */
export class Job {
  readonly id: string;
  readonly #deps: JobDeps;
  readonly #control = new RunControl();
  readonly #progress: JobProgress;
  readonly #given: Pick<JobView, 'id' | 'kind' | 'by' | 'started_at' | 'request'>;
  #changed: JobView['changed'];
  #end: { readonly state: JobState; readonly at: string; readonly error?: string } | undefined;
  /** Monotonic time of the start or the last resume; undefined while it is paused. */
  #activeSince: number | undefined;
  /** Milliseconds that it ran before. */
  #activeMs = 0;

  constructor(id: string, work: JobWork<object>, deps: JobDeps) {
    const { kind, by, request } = work;
    this.id = id;
    this.#deps = deps;
    this.#progress = new JobProgress(work);
    this.#given = { id, kind, ...(by !== undefined && { by }), started_at: rfc3339(deps.clock.now()), request };
  }

  get hasEnded(): boolean {
    return this.#end !== undefined;
  }

  get view(): JobView {
    const end = this.#end;
    const msLeft = this.#activeSince === undefined ? undefined : this.#progress.msLeft(this.#activeTime());
    return {
      ...this.#given,
      state: this.#state,
      ...(end !== undefined && { ended_at: end.at }),
      ...(msLeft !== undefined && { eta: rfc3339(this.#deps.clock.now() + msLeft) }),
      ...this.#progress.view,
      ...(this.#changed !== undefined && { changed: this.#changed }),
      ...(end?.error !== undefined && { error: end.error }),
    };
  }

  /** Runs the work to its end. Rejects never: a failure ends the job, and the lines of its reader. */
  async run<Line extends object>(work: JobWork<Line>, follower: Follower<Line>): Promise<void> {
    const { log, clock } = this.#deps;
    this.#activeSince = clock.monotonic();
    log.info({ job: this.id, kind: work.kind, by: work.by, total: this.#progress.view.total }, 'job: started');
    let error: unknown;
    try {
      for await (const line of work.run(this.#control)) {
        const result = work.resultOf(line);
        if (result !== undefined) this.#progress.add(result);
        follower.push(line);
      }
    } catch (caught) {
      error = caught;
      log.error({ job: this.id, stack: (caught as Error).stack }, 'job: failed');
    }
    this.#activeSince = undefined;
    this.#end = {
      state: this.#endState(error),
      at: rfc3339(clock.now()),
      ...(error !== undefined && { error: (error as Error).message }),
    };
    const { done, failed, left } = this.#progress.view;
    log.info({ job: this.id, state: this.#end.state, done, failed, left }, 'job: ended');
    follower.end(error);
  }

  /** Changes the state. A verb that the state has already has no effect. */
  change(verb: JobVerb, by?: string): void {
    if (this.hasEnded || this.#control.cancelled.aborted) return;
    const { clock, log } = this.#deps;
    CHANGES[verb](this.#control);
    this.#activeMs = this.#activeTime();
    this.#activeSince = this.#control.isPaused ? undefined : clock.monotonic();
    this.#changed = { verb, at: rfc3339(clock.now()), ...(by !== undefined && { by }) };
    log.info({ job: this.id, by }, `job: ${verb}`);
  }

  get #state(): JobState {
    if (this.#end !== undefined) return this.#end.state;
    if (this.#control.cancelled.aborted) return 'cancelling';
    return this.#control.isPaused ? 'paused' : 'running';
  }

  /** Milliseconds that it ran, without its pauses. */
  #activeTime(): number {
    return this.#activeMs + (this.#activeSince === undefined ? 0 : this.#deps.clock.monotonic() - this.#activeSince);
  }

  #endState(error: unknown): JobState {
    if (error !== undefined) return 'failed';
    return this.#control.cancelled.aborted && this.#progress.view.left > 0 ? 'cancelled' : 'done';
  }
}

const CHANGES: Readonly<Record<JobVerb, (control: RunControl) => void>> = {
  pause: (control) => control.pause(),
  resume: (control) => control.resume(),
  cancel: (control) => control.cancel(),
};
