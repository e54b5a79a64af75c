/** A mutex for each key: work on one key runs in the order of the calls, work on different keys runs at the same time. */
export class KeyedMutex {
  /** Last work on each key; not a Map for the reason that `SlotList` gives. */
  readonly #last = Object.create(null) as Record<string, Promise<unknown> | undefined>;

  /** Starts `work` at once if the key is free, otherwise when all earlier work on it has ended or failed. Settles like `work`. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last[key];
    const mine = before === undefined ? work() : before.then(work, work);
    const release = (): void => {
      if (this.#last[key] === mine) delete this.#last[key];
    };
    this.#last[key] = mine;
    mine.then(release, release);
    return mine;
  }
}
