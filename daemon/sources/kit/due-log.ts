import { rfc3339 } from '../../lib/time/rfc3339.ts';
import type { ScheduleFacts } from '../facts.ts';

/** Remembers the last due time that was handled, and when the next one fires; milliseconds since the epoch. */
export class DueLog {
  #last: number | undefined;
  #next: number | undefined;

  handled(due: number): void {
    if (Number.isFinite(due)) this.#last = due;
  }

  /** Undefined when there is no next one. */
  expects(due: number | undefined): void {
    this.#next = due;
  }

  get facts(): Pick<ScheduleFacts, 'last_at' | 'next_at'> {
    return {
      ...(this.#last !== undefined && { last_at: rfc3339(this.#last) }),
      ...(this.#next !== undefined && { next_at: rfc3339(this.#next) }),
    };
  }
}
