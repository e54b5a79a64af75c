import { beginStore } from '../app/early-store.ts';

/** What the verb is going to need in any case, begun while the program is still being loaded. Nothing else may be imported here. */
export function beginAhead([verb]: readonly string[]): void {
  if (verb === 'run') beginStore();
}
