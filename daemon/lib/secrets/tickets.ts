import { randomBytes } from 'node:crypto';
import type { Clock } from '../time/clock.ts';

export const MAX_TICKETS = 10_000;

export interface IssuedTicket {
  readonly ticket: string;
  /** Seconds. */
  readonly expires_in: number;
}

/** Single-use tickets that stand for a value, so that no token has to be in a URL or a page. */
export class Tickets<T> {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #lifeSeconds: number;
  readonly #tickets = new Map<string, { readonly value: T; readonly until: number }>();

  constructor(clock: Pick<Clock, 'monotonic'>, lifeSeconds: number) {
    this.#clock = clock;
    this.#lifeSeconds = lifeSeconds;
  }

  issue(value: T): IssuedTicket {
    const now = this.#clock.monotonic();
    // The map is in order of age: after the first valid ticket all are valid.
    for (const [old, { until }] of this.#tickets) {
      if (until > now && this.#tickets.size < MAX_TICKETS) break;
      this.#tickets.delete(old);
    }
    const ticket = randomBytes(32).toString('base64url');
    this.#tickets.set(ticket, { value, until: now + this.#lifeSeconds * 1000 });
    return { ticket, expires_in: this.#lifeSeconds };
  }

  /** Returns the value of a ticket and removes the ticket. */
  redeem(ticket: string): T | undefined {
    const found = this.#tickets.get(ticket);
    this.#tickets.delete(ticket);
    return found !== undefined && found.until > this.#clock.monotonic() ? found.value : undefined;
  }
}
