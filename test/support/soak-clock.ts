import type { Clock } from '../../daemon/lib/time/clock.ts';

/** Longest wait of `setTimeout` in Node.js; a longer one fires after 1 ms. */
const LONGEST = 2 ** 31 - 1;

/**
 * Clock that runs weeks in a second, for a loop that always has a timer while it is idle. Its wall clock may be set at any time;
 * as in Node.js, timers do not follow the wall clock and cannot wait longer than 2^31 ms.
 */
export class SoakClock implements Clock {
  /** Milliseconds by which the wall clock was set forward. */
  skew = 0;
  /** Number of timers that have fired. */
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

  /** Runs the event loop while no timer is set: a commit takes some turns. */
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
