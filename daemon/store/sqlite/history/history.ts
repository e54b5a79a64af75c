import type { Activity, HistoryQuery, LatestEvents, Page, StoredEvent } from '../../store.ts';
import type { StoredActivity } from '../../shared/history/activity-counts.ts';
import type { SqliteContext } from '../context.ts';
import type { TaskName } from '../engine/protocol.ts';
import { eventOfRow, storedEventOf } from '../../shared/rows.ts';
import { activityOf } from '../../shared/history/activity.ts';
import { latestEvents, pageOf } from '../../shared/history/pages.ts';
import type { SearchResult, SearchStep } from '../../shared/history/search-step.ts';
import type { TrimResult, TrimStep } from './trim.ts';

/** Events of one transaction of `trim`. */
const TRIM_EVENTS = 200;

/** Rows of one step of a search, so that commits need not wait long: about 3 ms. */
const MAX_ROWS_PER_STEP = 512;

type RunTask = (task: TaskName, argument: unknown) => Promise<unknown>;

/** Searches in past events, and their deletion. */
export class SqliteHistory {
  readonly #context: SqliteContext;
  readonly #task: RunTask;

  constructor(context: SqliteContext, task: RunTask) {
    this.#context = context;
    this.#task = task;
  }

  latestEvents(options: { since: number; limit: number }): Promise<LatestEvents> {
    return latestEvents(this.#context.queries, options);
  }

  events(query: HistoryQuery): Promise<Page<StoredEvent>> {
    return pageOf(
      'events',
      query,
      (step) => this.search({ ...step, claimed: [] }),
      (row) => storedEventOf(eventOfRow(row)),
    );
  }

  async search(step: SearchStep): Promise<SearchResult> {
    const rows = Math.min(step.rows, MAX_ROWS_PER_STEP);
    return (await this.#task('search', { ...step, rows })) as SearchResult;
  }

  async activity(since: number, delivered: ReadonlyMap<string, number>): Promise<Activity> {
    return activityOf((await this.#task('activity', since)) as StoredActivity, since, delivered);
  }

  async trim(limits: { before: number; bytes: number }): Promise<number> {
    let deleted = 0;
    for (let after: number | undefined = 0; after !== undefined; ) {
      const step: TrimStep = { after, ...limits, limit: TRIM_EVENTS };
      const result = (await this.#task('trim', step)) as TrimResult;
      this.#context.committer.bytes = result.bytes;
      deleted += result.deleted;
      after = result.next;
    }
    return deleted;
  }
}
