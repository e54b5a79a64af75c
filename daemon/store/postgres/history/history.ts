import type { Activity, Audit, HistoryQuery, LatestEvents, Page, StoredEvent } from '../../store.ts';
import { activityOf } from '../../shared/history/activity.ts';
import { latestEvents, pageOf } from '../../shared/history/pages.ts';
import type { SearchResult, SearchStep } from '../../shared/history/search-step.ts';
import { eventOfRow, storedEventOf } from '../../shared/rows.ts';
import type { Queries } from '../../shared/writes.ts';
import type { Database } from '../engine/database.ts';
import { type ActivityWriter, readActivity } from './activity.ts';
import { audit } from './audit.ts';
import { search } from './search.ts';
import { trim, type TrimLimits, type TrimResult } from './trim.ts';

interface HistoryDeps {
  readonly database: Database;
  /** Name of the schema, quoted. */
  readonly schema: string;
  readonly queries: Queries;
  /** Counts of this instance that are not stored yet. */
  readonly activity: ActivityWriter;
}

/** Searches in past events of all instances, their deletion, and their audit. */
export class PostgresHistory {
  readonly #deps: HistoryDeps;

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  latestEvents(options: { since: number; limit: number }): Promise<LatestEvents> {
    return latestEvents(this.#deps.queries, options);
  }

  events(query: HistoryQuery): Promise<Page<StoredEvent>> {
    return pageOf(
      'events',
      query,
      (step) => this.search({ ...step, claimed: [] }),
      (row) => storedEventOf(eventOfRow(row)),
    );
  }

  search(step: SearchStep): Promise<SearchResult> {
    const { database, schema } = this.#deps;
    return search(database, schema, step);
  }

  /** `delivered`: last successes of this instance, by channel. */
  async activity(since: number, delivered: ReadonlyMap<string, number>): Promise<Activity> {
    const { database, schema, activity } = this.#deps;
    return activityOf(await readActivity(database, schema, since, activity), since, delivered);
  }

  trim(limits: TrimLimits): Promise<TrimResult> {
    const { database, schema } = this.#deps;
    return trim(database, schema, limits);
  }

  audit(deadLetters: ReadonlySet<string>): Promise<Audit> {
    const { database, schema } = this.#deps;
    return audit(database, schema, deadLetters);
  }
}
