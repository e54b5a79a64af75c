import { randomBytes } from 'node:crypto';
import type { Clock } from '../../lib/time/clock.ts';

const LIFE_SECONDS = 30;
const MOST = 10_000;

/** Tickets open one stream each, within half a minute, so that a token need not stand in a URL or in a page. */
export class Tickets {
  readonly #clock: Clock;
  readonly #tickets = new Map<string, { readonly user: string; readonly until: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  issue(user: string): { readonly ticket: string; readonly expires_in: number } {
    const now = this.#clock.monotonic();
    // Oldest first: once one is still good, so are all after it.
    for (const [old, { until }] of this.#tickets) {
      if (until > now && this.#tickets.size < MOST) break;
      this.#tickets.delete(old);
    }
    const ticket = randomBytes(32).toString('base64url');
    this.#tickets.set(ticket, { user, until: now + LIFE_SECONDS * 1000 });
    return { ticket, expires_in: LIFE_SECONDS };
  }

  /** Its user, once. */
  redeem(ticket: string): string | undefined {
    const found = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return found !== undefined && found.until > this.#clock.monotonic() ? found.user : undefined;
  }
}
