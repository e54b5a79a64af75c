import type { Clock } from './clock.ts';

/** Differences between the wall clock and the monotonic one beyond this count as a jump. */
const MIN_JUMP_MS = 1000;
/** Jumps forward that are remembered. */
const MAX_KEPT = 32;

/** Finds jumps of the wall clock: somebody set it, or the machine was suspended. Due times are wall-clock times. */
export class ClockJumps {
  readonly #clock: Clock;
  #offset: number;
  #wentBack = false;
  /** Jumps forward: the time after the jump, and its length. */
  #forward: readonly { readonly to: number; readonly by: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = this.#now();
  }

  /** Returns true if the wall clock has jumped back since the last call. */
  wentBack(): boolean {
    this.#note();
    const found = this.#wentBack;
    this.#wentBack = false;
    return found;
  }

  /** Milliseconds by which jumps forward have aged what began at `time`. */
  agedSince(time: number): number {
    this.#note();
    let aged = 0;
    for (const { to, by } of this.#forward) if (time < to - by / 2) aged += by;
    return aged;
  }

  #note(): void {
    const before = this.#offset;
    this.#offset = this.#now();
    const by = this.#offset - before;
    if (by < -MIN_JUMP_MS) this.#wentBack = true;
    if (by > MIN_JUMP_MS) this.#forward = [...this.#forward, { to: this.#clock.now(), by }].slice(-MAX_KEPT);
  }

  #now(): number {
    return this.#clock.now() - this.#clock.monotonic();
  }
}
