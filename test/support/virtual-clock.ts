import type { Clock } from '../../daemon/lib/time/clock.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** Clock that only `advance` moves: it fires due timers in order, and lets promises settle between them. */
export class VirtualClock implements Clock {
  #now: number;
  readonly #start: number;
  readonly #timers = new Set<Timer>();
  /** Milliseconds by which the wall clock was set forward. */
  skew = 0;

  constructor(start = '2026-11-23T09:00:00Z') {
    this.#now = Date.parse(start);
    this.#start = this.#now;
  }

  now(): number {
    return this.#now + this.skew;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(ms: number, fire: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Number of timers that are set; more than 0 at the end of a test is a leak. */
  get waiting(): number {
    return this.#timers.size;
  }

  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#earliest(end); next !== undefined; next = this.#earliest(end)) {
      this.#timers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.fire();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  /** Moves the time as on a machine that was suspended: due timers fire at the end, not one after another. */
  async suspend(ms: number): Promise<void> {
    this.#now += ms;
    await this.advance(0);
  }

  #earliest(end: number): Timer | undefined {
    let found: Timer | undefined;
    for (const timer of this.#timers)
      if (timer.at <= end && (found === undefined || timer.at < found.at)) found = timer;
    return found;
  }
}

/** Waits until promise chains, immediates and file operations that have begun are done. */
async function settle(): Promise<void> {
  for (let quiet = 0; quiet < 30; quiet += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (isUsingFiles()) quiet = -1;
  }
}

/** Whether this process reads, writes or closes a file at the moment. */
export const isUsingFiles = (): boolean =>
  process
    .getActiveResourcesInfo()
    .some((name) => name.startsWith('FSReq') || name === 'FileHandle' || name === 'CloseReq');
