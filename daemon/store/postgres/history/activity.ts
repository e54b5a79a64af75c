import type { LaterResult } from '../../../core/flow/decision.ts';
import { ActivityCounts, type StoredActivity } from '../../shared/history/activity-counts.ts';
import type { Accepted } from '../../store.ts';
export class ActivityCounter {
  readonly #counts = new ActivityCounts();
  addDecisions(accepted: readonly Accepted[], now: number): void {
    for (const { decision } of accepted) if (decision) this.#counts.addResults(decision.results, now);
  }
  addLater(_: readonly { readonly result: LaterResult }[]): void {}
  write(_: unknown): Promise<void> {
    return Promise.resolve();
  }
  read(_a: unknown, _b: string, _c: number): Promise<StoredActivity> {
    return Promise.resolve(this.#counts.stored());
  }
}
