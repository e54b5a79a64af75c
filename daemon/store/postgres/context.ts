import type { LaterResult } from '../../core/flow/decision.ts';
import type { Accepted } from '../store.ts';
import type { StoreContext } from '../shared/context.ts';
import type { Committer } from './engine/committer.ts';

/** State that the parts of the store share. */
export interface PostgresContext extends StoreContext {
  readonly committer: Committer;
  readonly activity: ActivitySink;
  /** Cancels deliveries, whichever instance has them. */
  cancel(ids: readonly string[]): Promise<void>;
}

/** Counts what was decided. */
export interface ActivitySink {
  addDecisions(accepted: readonly Accepted[], now: number): void;
  addLater(later: readonly { readonly result: LaterResult }[]): void;
}
