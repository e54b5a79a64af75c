/** Attempts by hand that wait for their turn in a lane, in the order in which they came. */
export class ByHand {
  readonly #waiting = new Set<{ readonly start: () => void; readonly refuse: () => void }>();

  get waiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** Resolves to false when its turn never comes: nobody waits any more (`signal`), or the lane has ended. `start` is called in its turn. */
  wait(start: () => void, signal?: AbortSignal): Promise<boolean> {
    if (signal?.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (comes: boolean): void => {
        signal?.removeEventListener('abort', turn.refuse);
        this.#waiting.delete(turn);
        if (comes) start();
        resolve(comes);
      };
      const turn = { start: () => end(true), refuse: () => end(false) };
      signal?.addEventListener('abort', turn.refuse, { once: true });
      this.#waiting.add(turn);
    });
  }

  /** The one that has waited longest goes. */
  next(): void {
    for (const { start } of this.#waiting) return start();
  }

  refuseAll(): void {
    for (const { refuse } of this.#waiting) refuse();
  }
}
