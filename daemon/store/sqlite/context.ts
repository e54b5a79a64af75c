import type { StoreContext } from '../shared/context.ts';
import type { Committer } from './engine/committer.ts';
import type { QueryClient } from './engine/query-client.ts';
import type { SeenIds } from './events/seen-ids.ts';

/** State that the parts of the store share. */
export interface SqliteContext extends StoreContext {
  readonly committer: Committer;
  readonly queries: QueryClient;
  readonly seenIds: SeenIds;
}
