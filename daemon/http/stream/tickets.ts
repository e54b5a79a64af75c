import { randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/time/clock.ts';

const LIFE_SECONDS = 30;
const MAX_TICKETS = 10_000;

/** Single-use tickets for one call each, so that no token has to be in a URL or a page. */
export class Tickets {
  readonly #clock: Clock;
  readonly #tickets = new Map<string, { readonly user: string; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(user: string): { readonly ticket: string; readonly expires_in: number } {
    const now = this.#clock.monotonic();
    // The map is in order of age: after the first valid ticket all are valid.
    for (const [old, { until }] of this.#tickets) {
      if (until > now && this.#tickets.size < MAX_TICKETS) break;
      this.#tickets.delete(old);
    }
    const ticket = randomBytes(32).toString('base64url');
    this.#tickets.set(ticket, { user, until: now + LIFE_SECONDS * 1000 });
    return { ticket, expires_in: LIFE_SECONDS };
  }

  /** Returns the user of a ticket and removes the ticket. */
  redeem(ticket: string): string | undefined {
    const found = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return found !== undefined && found.until > this.#clock.monotonic() ? found.user : undefined;
  }
}
