/** Has work on the same thing done one after another, on different things at once. */
export class InTurn {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Ends as `work` does, which begins when all that came before it for this key has ended, however that ended. */
  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    this.#last.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
