import type { Clock } from '../lib/time/clock.ts';

interface Timer {
  readonly at: number;
  readonly fire: () => void;
}

/** A clock that changes only by `moveTo`. */
export class VirtualClock implements Clock {
  readonly steady = true;
  readonly #start: number;
  readonly #timers = new Set<Timer>();
  #now: number;

  constructor(start: number) {
    this.#start = start;
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now - this.#start;
  }

  after(ms: number, fire: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Time of the next timer; undefined when none is set. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#timers) if (next === undefined || at < next) next = at;
    return next;
  }

  /** Advances the clock, never backwards, and fires the timers that are due. */
  moveTo(at: number): void {
    this.#now = Math.max(this.#now, at);
    const due = [...this.#timers].filter((timer) => timer.at <= this.#now).sort((a, b) => a.at - b.at);
    // A timer may cancel another one.
    for (const timer of due) if (this.#timers.delete(timer)) timer.fire();
  }
}
