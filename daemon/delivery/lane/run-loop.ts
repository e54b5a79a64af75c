import type { Clock } from '../../lib/time/clock.ts';

export interface RunLoopDeps {
  /** Does the work that may be done now. */
  readonly runRound: () => Promise<void>;
  readonly onError: (error: unknown) => void;
  /** Called after the last round, until the next `wake`. */
  readonly onIdle: () => void;
}

/** Runs rounds one at a time. A `wake` during a round runs another one after it. */
export class RunLoop {
  readonly #deps: RunLoopDeps;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(deps: RunLoopDeps) {
    this.#deps = deps;
  }

  /** Resolves when the loop is idle; undefined while it is. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  wake(): void {
    if (this.#running === undefined) this.#running = this.#run();
    else this.#again = true;
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#deps.runRound();
      } while (this.#again);
    } catch (error) {
      this.#deps.onError(error);
    } finally {
      this.#running = undefined;
      this.#deps.onIdle();
    }
  }
}

/** Wakes a run loop at the next time at which there may be work. */
export class WakeTimer {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Wakes after the shortest of these waits, milliseconds; never when there is none. */
  set(waits: readonly number[]): void {
    this.cancel();
    if (waits.length === 0) return;
    this.#cancel = this.#clock.after(Math.max(1, Math.min(...waits)), this.#wake);
  }

  cancel(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
