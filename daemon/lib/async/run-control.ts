import { setMaxListeners } from 'node:events';
import { onAbort } from './abort.ts';

/** Control of a run of many steps: pause, resume, cancel. The run calls `proceed` before each step. */
export class RunControl {
  readonly #cancelled = manyListeners();
  /** Aborts at the next pause, and when the run is cancelled. */
  #interruption = manyListeners();
  #isPaused = false;
  /** Resolves the pending calls of `proceed`. */
  #endPause = (): void => {};
  #pauseEnded: Promise<void> = Promise.resolve();

  /** Control of a run that is cancelled when `signal` aborts. */
  static until(signal: AbortSignal): RunControl {
    const control = new RunControl();
    if (signal.aborted) control.cancel();
    else onAbort(signal, () => control.cancel());
    return control;
  }

  get cancelled(): AbortSignal {
    return this.#cancelled.signal;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Ends a wait of the run, such as that for its turn, when the run is paused or cancelled. Each resume makes a new signal. */
  get interrupted(): AbortSignal {
    return this.#interruption.signal;
  }

  pause(): void {
    if (this.isPaused || this.cancelled.aborted) return;
    this.#isPaused = true;
    this.#pauseEnded = new Promise((resolve) => {
      this.#endPause = resolve;
    });
    this.#interruption.abort();
  }

  resume(): void {
    if (!this.isPaused || this.cancelled.aborted) return;
    this.#isPaused = false;
    this.#interruption = manyListeners();
    this.#endPause();
  }

  cancel(): void {
    this.#isPaused = false;
    this.#cancelled.abort();
    this.#interruption.abort();
    this.#endPause();
  }

  /** Waits while the run is paused. Resolves to false when it is cancelled: no step may begin then. */
  async proceed(): Promise<boolean> {
    while (this.#isPaused) await this.#pauseEnded;
    return !this.cancelled.aborted;
  }
}

/** Every wait of a run adds a listener to the signal. */
function manyListeners(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
