import type { SkippedLines } from '../../core/delivery/resend.ts';
import { BelfryError } from '../../core/problems/failure.ts';
import type { JobsApi, JobVerb, JobView } from '../../http/daemon-api.ts';
import { Follower } from './follower.ts';
import { Job, type JobDeps } from './job.ts';
import type { JobWork } from './work.ts';

/** Jobs that run at once. */
export const MAX_RUNNING = 20;
/** Ended jobs that are kept. */
export const MAX_ENDED = 50;

export interface JobsDeps extends JobDeps {
  readonly newId: () => string;
}

/** A job that has begun. `lines`: of its work, for one reader; the job goes on when it stops reading, and when `signal` aborts. */
export interface StartedJob<Line> {
  readonly id: string;
  lines(signal: AbortSignal): AsyncIterable<Line | SkippedLines>;
}

/**
 * The jobs of the daemon: long works that a person started and that go on without the person. They are kept in memory; a work
 * leaves what it has not done where it found it, so a restart loses the list of jobs only.
 */
export class Jobs implements JobsApi {
  readonly #deps: JobsDeps;
  /** In the order of their start. */
  readonly #jobs = new Map<string, Job>();
  readonly #running = new Set<Promise<void>>();
  #isStopped = false;

  constructor(deps: JobsDeps) {
    this.#deps = deps;
  }

  /** Rejects work with `jobs.too_many` or `intake.stopping`: to be called before the work takes anything. */
  checkRoom(): void {
    if (this.#isStopped) throw new BelfryError('intake.stopping', 'the daemon is stopping; try again later');
    if (this.#running.size >= MAX_RUNNING)
      throw new BelfryError('jobs.too_many', `${MAX_RUNNING} jobs are running; wait for one, or cancel one`);
  }

  start<Line extends object>(work: JobWork<Line>): StartedJob<Line> {
    const job = new Job(this.#deps.newId(), work as JobWork<object>, this.#deps);
    const follower = new Follower<Line>();
    this.#jobs.set(job.id, job);
    if (this.#isStopped) job.change('cancel');
    const running: Promise<void> = job.run(work, follower).finally(() => {
      this.#running.delete(running);
      this.#forgetOldest();
    });
    this.#running.add(running);
    return { id: job.id, lines: (signal) => follower.read(signal) };
  }

  /** All jobs, the newest first. */
  list(): readonly JobView[] {
    return [...this.#jobs.values()].map(({ view }) => view).reverse();
  }

  find(id: string): JobView | undefined {
    return this.#jobs.get(id)?.view;
  }

  change(id: string, verb: JobVerb, by?: string): JobView | undefined {
    const job = this.#jobs.get(id);
    if (job?.hasEnded)
      throw new BelfryError('job.ended', `the job has ended (${job.view.state}); there is nothing to ${verb}`);
    job?.change(verb, by);
    return job?.view;
  }

  /** Cancels all jobs. Resolves when what was in flight has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const job of this.#jobs.values()) job.change('cancel');
    await Promise.all(this.#running);
  }

  #forgetOldest(): void {
    const ended = [...this.#jobs.values()].filter(({ hasEnded }) => hasEnded);
    for (const { id } of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#jobs.delete(id);
  }
}
