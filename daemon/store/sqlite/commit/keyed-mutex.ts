import { Dictionary } from '../../../lib/string-pool.ts';

/** Work on the same thing is done one after another, in the order in which it was asked for; work on different things is not held up. */
export class Turns {
  readonly #last = new Dictionary<Promise<unknown>>();

  /** Begins at once when nothing is under way for `key`. */
  run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const mine = before === undefined ? work() : before.then(work, work);
    const ended = (): void => {
      if (this.#last.get(key) === mine) this.#last.delete(key);
    };
    this.#last.set(key, mine);
    mine.then(ended, ended);
    return mine;
  }
}
