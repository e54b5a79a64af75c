import { onAbort } from '../../lib/async/abort.ts';

/** Manual attempts that wait for their turn in a lane, first in, first out. */
export class ManualQueue {
  readonly #waiting = new Set<{ readonly start: () => void; readonly refuse: () => void }>();

  get isWaiting(): boolean {
    return this.size > 0;
  }

  get size(): number {
    return this.#waiting.size;
  }

  /** Calls `start` in its turn and resolves to true. Resolves to false if `signal` aborts or the lane ends before. */
  wait(start: () => void, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (mayStart: boolean): void => {
        unsubscribe?.();
        this.#waiting.delete(turn);
        if (mayStart) start();
        resolve(mayStart);
      };
      const turn = { start: () => end(true), refuse: () => end(false) };
      // A resend waits for many turns with one signal.
      const unsubscribe = signal && onAbort(signal, turn.refuse);
      this.#waiting.add(turn);
    });
  }

  startNext(): void {
    for (const { start } of this.#waiting) return start();
  }

  refuseAll(): void {
    for (const { refuse } of this.#waiting) refuse();
  }
}
