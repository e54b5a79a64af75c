import type { Clock } from '../lib/time/clock.ts';

interface Alarm {
  readonly at: number;
  readonly fire: () => void;
}

/** A clock that stands still until it is moved. */
export class VirtualClock implements Clock {
  readonly steady = true;
  readonly #start: number;
  readonly #alarms = new Set<Alarm>();
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
    const alarm = { at: this.#now + Math.max(0, ms), fire };
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  /** When the next alarm rings; undefined when none is set. */
  get next(): number | undefined {
    let next: number | undefined;
    for (const { at } of this.#alarms) if (next === undefined || at < next) next = at;
    return next;
  }

  /** Moves on and rings what is due. Never backwards. */
  moveTo(at: number): void {
    this.#now = Math.max(this.#now, at);
    const due = [...this.#alarms].filter((alarm) => alarm.at <= this.#now).sort((a, b) => a.at - b.at);
    // One may cancel another.
    for (const alarm of due) if (this.#alarms.delete(alarm)) alarm.fire();
  }
}
