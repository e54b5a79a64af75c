import type { StoreContext } from '../shared/context.ts';
import type { Committer } from './engine/committer.ts';
import type { ActivityWriter } from './history/activity.ts';

/** State that the parts of the store share. */
export interface PostgresContext extends StoreContext {
  readonly committer: Committer;
  readonly activity: ActivityWriter;
  /** Cancels deliveries, whichever instance has them. */
  cancel(ids: readonly string[]): Promise<void>;
}
