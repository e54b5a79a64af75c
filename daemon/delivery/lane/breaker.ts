/** Failures in a row that open a breaker: fewer would trip over one bad moment, more would burn attempts. */
const OPENS_AFTER = 5;
const FIRST_PROBE = 1000;
const LAST_PROBE = 60_000;

/**
 * closed: attempts go. open: they wait, and one probe goes after 1 s, 2 s, 4 s ... 60 s. A success closes it, a failed probe
 * doubles the wait, and a sign of life ends it. Times are milliseconds, monotonic.
 */
export class Breaker {
  #failures = 0;
  #probes = 0;
  #probeAt: number | undefined;

  get open(): boolean {
    return this.#probeAt !== undefined;
  }

  /** When the next probe may go; undefined while closed. */
  get probeAt(): number | undefined {
    return this.#probeAt;
  }

  /** The next probe may go now. */
  hasten(now: number): void {
    if (this.open) this.#probeAt = now;
  }

  /** true: this closed it. */
  succeeded(): boolean {
    const was = this.open;
    this.#failures = 0;
    this.#probes = 0;
    this.#probeAt = undefined;
    return was;
  }

  /** true: this opened it. `patience` is what the far side asked for. */
  failed(now: number, probe: boolean, patience = 0): boolean {
    this.#failures += 1;
    if (this.open && !probe) return false;
    const opens = !this.open && this.#failures >= OPENS_AFTER;
    if (opens || probe) {
      this.#probeAt = now + Math.max(Math.min(FIRST_PROBE * 2 ** this.#probes, LAST_PROBE), patience);
      this.#probes += 1;
    }
    return opens;
  }
}
