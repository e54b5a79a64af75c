/** Failures in a row that open a breaker. Fewer would open it on one short disturbance, more would use up attempts. */
const FAILURES_TO_OPEN = 5;
const FIRST_PROBE_MS = 1000;
const MAX_PROBE_MS = 60_000;

/**
 * Circuit breaker of a channel. closed: attempts are made. open: they wait, and one probe is made after 1 s, 2 s, 4 s ... 60 s. A success
 * closes it, a failed probe doubles the wait, `probeNow` ends the wait. Times are milliseconds, monotonic.
 */
export class Breaker {
  #failures = 0;
  #probes = 0;
  #probeAt: number | undefined;

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }

  get isOpen(): boolean {
    return this.#probeAt !== undefined;
  }

  /** Time of the next probe; undefined while closed. */
  get probeAt(): number | undefined {
    return this.#probeAt;
  }

  probeNow(now: number): void {
    if (this.isOpen) this.#probeAt = now;
  }

  /** Returns true if this closed the breaker. */
  succeeded(): boolean {
    const wasOpen = this.isOpen;
    this.#failures = 0;
    this.#probes = 0;
    this.#probeAt = undefined;
    return wasOpen;
  }

  /** Returns true if this opened the breaker. `retryAfter`: milliseconds that the remote server asked to wait. */
  failed(now: number, isProbe: boolean, retryAfter = 0): boolean {
    this.#failures += 1;
    if (this.isOpen && !isProbe) return false;
    const opens = !this.isOpen && this.#failures >= FAILURES_TO_OPEN;
    if (opens || isProbe) {
      this.#probeAt = now + Math.max(Math.min(FIRST_PROBE_MS * 2 ** this.#probes, MAX_PROBE_MS), retryAfter);
      this.#probes += 1;
    }
    return opens;
  }
}
