/** A mutex for each key: work on one key runs in the order of the calls, work on different keys runs at the same time. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Starts `work` at once if the key is free, otherwise when all earlier work on it has ended or failed. Settles like `work`. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    const release = (): void => {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    };
    this.#last.set(key, mine);
    mine.then(release, release);
    return mine;
  }
}
