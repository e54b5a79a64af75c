import type { Clock } from '../../daemon/lib/time/clock.ts';

/** What `setTimeout` of Node.js can wait; what is longer fires after 1 ms. */
const LONGEST = 2 ** 31 - 1;

/**
 * A clock for weeks in a second, for one loop that always has a timer while nothing happens. Its wall clock may be set while time
 * goes on; like those of the machine its timers do not follow that, and cannot wait longer than 2^31 ms.
 */
export class SoakClock implements Clock {
  /** How far the wall clock has been set forward, milliseconds. */
  skew = 0;
  /** How many timers have fired. */
  fired = 0;
  #elapsed = 0;
  readonly #start: number;
  readonly #timers = new Set<{ readonly at: number; readonly fire: () => void }>();

  constructor(start: string) {
    this.#start = Date.parse(start);
  }

  now(): number {
    return this.#start + this.#elapsed + this.skew;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, fire: () => void): () => void {
    const timer = { at: this.#elapsed + (ms > LONGEST ? 1 : Math.max(0, ms)), fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  async advance(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await this.#settle();
    for (let next = this.#first(end); next !== undefined; next = this.#first(end)) {
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      this.fired += 1;
      next.fire();
      await this.#settle();
    }
    this.#elapsed = end;
  }

  /** While no timer waits, something else is on its way: a commit takes some turns. */
  async #settle(): Promise<void> {
    await turn();
    for (let turns = 0; turns < 30 && this.#timers.size === 0; turns += 1) await turn();
  }

  #first(end: number) {
    let found: { readonly at: number; readonly fire: () => void } | undefined;
    for (const timer of this.#timers)
      if (timer.at <= end && (found === undefined || timer.at < found.at)) found = timer;
    return found;
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
