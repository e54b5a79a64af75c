import type { Event } from '../../core/event/event.ts';
import { type RerunPlan, RerunPlanner, rerunOf } from '../../core/explain/rerun.ts';
import { outcomesNow } from '../../core/flow/outcomes.ts';
import { BelfryError } from '../../core/problems/failure.ts';
import type { Ruleset } from '../../core/ruleset.ts';
import type { RerunFilter, RerunLine, RerunProgress, RerunRequest, RerunSum } from '../../http/daemon-api.ts';
import type { RunControl } from '../../lib/async/run-control.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { Accepted, Store, StoredEvent } from '../../store/store.ts';
import { historyQuery } from '../api/views.ts';
import type { Jobs } from './jobs.ts';
import type { JobWork } from './work.ts';

/** Most events of one rerun. */
export const MAX_EVENTS = 10_000;
const PAGE_SIZE = 200;

export interface RerunDeps {
  readonly jobs: Jobs;
  readonly store: Pick<Store, 'event' | 'events' | 'memory'>;
  readonly live: { readonly ruleset: Ruleset };
  readonly clock: Clock;
  readonly newId: () => string;
  /** Accepts an event from inside the daemon, with the source that it has. Durable when it resolves. */
  readonly accept: (event: Event) => Promise<Accepted>;
}

type Line = RerunProgress | RerunSum;
type Selection = Pick<RerunPlan, 'reruns' | 'in_other_jobs' | 'missing'> & { readonly ids: readonly string[] };

/** Runs past events again. An event belongs to one job until that has ended, so two people at once do not run it twice. */
export class Reruns {
  readonly #deps: RerunDeps;
  /** Ids of the events of all running jobs. */
  readonly #taken = new Set<string>();

  constructor(deps: RerunDeps) {
    this.#deps = deps;
  }

  /** Yields the plan, then the lines of the job, which goes on when the reader stops or `signal` aborts. */
  async *run(
    request: RerunRequest,
    { by, signal }: { readonly by: string | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<RerunLine> {
    const { jobs, clock } = this.#deps;
    if (!request.plan) jobs.checkRoom();
    const until = rfc3339(clock.now());
    const { ids, plan } = await this.#plan(request, until);
    if (request.plan) {
      yield { plan };
      return;
    }
    // Another request may have taken events while this one was planned.
    const own = ids.filter((id) => !this.#taken.has(id));
    if (own.length === 0) throw new BelfryError('rerun.none', 'there is no event to run again');
    for (const id of own) this.#taken.add(id);
    const job = jobs.start(this.#workOf(request, own, by));
    yield { job: job.id, plan };
    yield* job.lines(signal);
  }

  #workOf(request: RerunRequest, ids: readonly string[], by: string | undefined): JobWork<Line> {
    return {
      kind: 'events.rerun',
      by,
      request: request.given,
      parts: new Map([['', ids.length]]),
      run: (control) => this.#rerun(ids, control),
      resultOf(line) {
        if (!('id' in line)) return undefined;
        const { id, state, error } = line;
        return { part: '', state, ...(error !== undefined && { failure: { id, ...error } }) };
      },
    };
  }

  async *#rerun(ids: readonly string[], control: RunControl): AsyncIterable<Line> {
    let rerun = 0;
    let failed = 0;
    try {
      for (const id of ids) {
        if (!(await control.proceed())) return;
        const line = await this.#rerunOne(id);
        if (line.state === 'rerun') rerun += 1;
        else failed += 1;
        yield line;
      }
      yield { rerun, failed };
    } finally {
      for (const id of ids) this.#taken.delete(id);
    }
  }

  async #rerunOne(id: string): Promise<RerunProgress> {
    const { store, accept, newId } = this.#deps;
    const stored = await store.event(id);
    if (stored === undefined) {
      const message = 'the history does not have the event any more';
      return { id, state: 'failed', error: { code: 'event.none', message } };
    }
    try {
      const again = rerunOf(stored.event, newId);
      const { decision } = await accept(again);
      return { id, event: again.id, state: 'rerun', outcomes: outcomesNow(decision?.results ?? []).outcomes };
    } catch (error) {
      if (!(error instanceof BelfryError)) throw error;
      return { id, state: 'failed', error: { code: error.code, message: error.message } };
    }
  }

  async #plan(
    request: RerunRequest,
    until: string,
  ): Promise<{ readonly ids: readonly string[]; readonly plan: RerunPlan }> {
    const { store, live, clock, newId } = this.#deps;
    const now = clock.now();
    const planner = new RerunPlanner({ ruleset: live.ruleset, memory: store.memory(now), now, newId });
    const take = ({ event, receivedAt, results, later }: StoredEvent): void =>
      planner.add({ event, receivedAt, outcomes: outcomesNow([...results, ...later]).outcomes });
    const { ids, ...left } =
      request.ids === undefined
        ? await this.#byFilter(request.filter ?? {}, now, take)
        : await this.#byIds(request.ids, take);
    return { ids, plan: { ...planner.plan, ...left, until } };
  }

  async #byIds(given: readonly string[], take: (stored: StoredEvent) => void): Promise<Selection> {
    const unique = [...new Set(given)];
    refuseTooMany(unique.length);
    const ids: string[] = [];
    const missing: string[] = [];
    let taken = 0;
    for (const id of unique) {
      const stored = await this.#deps.store.event(id);
      if (stored === undefined) missing.push(id);
      else if (this.#taken.has(id)) taken += 1;
      else {
        ids.push(id);
        take(stored);
      }
    }
    return { ids, missing, reruns: 0, in_other_jobs: taken };
  }

  /** Events that match, the oldest first, because windows count them in the order in which they came. */
  async #byFilter(filter: RerunFilter, now: number, take: (stored: StoredEvent) => void): Promise<Selection> {
    const ids: string[] = [];
    let reruns = 0;
    let taken = 0;
    let cursor: string | undefined;
    do {
      const query = { until: { at: now }, ...filter, order: 'asc' as const, limit: PAGE_SIZE };
      const page = await this.#deps.store.events(historyQuery({ ...query, ...(cursor && { cursor }) }, now));
      for (const stored of page.items) {
        const { event } = stored;
        if (isRerun(event)) reruns += 1;
        else if (this.#taken.has(event.id)) taken += 1;
        else {
          ids.push(event.id);
          refuseTooMany(ids.length);
          take(stored);
        }
      }
      cursor = page.next;
    } while (cursor !== undefined);
    return { ids, missing: [], reruns, in_other_jobs: taken };
  }
}

function isRerun({ requeued }: Event): boolean {
  return requeued !== undefined;
}

function refuseTooMany(count: number): void {
  if (count <= MAX_EVENTS) return;
  const most = MAX_EVENTS.toLocaleString('en');
  throw new BelfryError(
    'rerun.too_many',
    `this selects more than ${most} events; narrow it by \`since\` and \`until\``,
  );
}
