import type { Clock } from '../../lib/time/clock.ts';

/** A wall clock that went back further than this makes what waits wait too long. */
const BACKWARDS = 1000;

/** Wakes a lane at the next moment at which there may be something to do. */
export class Alarm {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #cancel: (() => void) | undefined;
  #drift: number;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
    this.#drift = clock.now() - clock.monotonic();
  }

  /** After the shortest of these waits, milliseconds; never, when there is none. */
  set(waits: readonly number[]): void {
    this.cancel();
    if (waits.length === 0) return;
    this.#cancel = this.#clock.after(Math.max(1, Math.min(...waits)), this.#wake);
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** true, once: due times are times of day, and those went back since the last call. */
  wentBack(): boolean {
    const drift = this.#clock.now() - this.#clock.monotonic();
    const before = this.#drift;
    this.#drift = drift;
    return drift < before - BACKWARDS;
  }
}
