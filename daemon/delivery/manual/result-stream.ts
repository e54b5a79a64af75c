/** What several workers tell, as one stream that ends when all have; the first failure ends it with that failure. */
export class MergedStreams<T> {
  readonly #items: T[] = [];
  readonly #all: Promise<void>[] = [];
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #wake = (): void => {};

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  add(work: Promise<void>): void {
    this.#running += 1;
    const ended = work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running -= 1;
        this.#wake();
      });
    this.#all.push(ended);
  }

  /** Resolves when all work has ended, however it did. */
  async ended(): Promise<void> {
    await Promise.all(this.#all);
  }

  async *read(): AsyncIterable<T> {
    for (;;) {
      while (this.#items.length > 0) yield this.#items.shift()!;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#running === 0) return;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}
