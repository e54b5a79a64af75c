/** Results of several workers as one stream. It ends when all workers have ended; the first failure ends it with that failure. */
export class ResultStream<T> {
  readonly #results: T[] = [];
  readonly #workers: Promise<void>[] = [];
  #running = 0;
  #failure: { readonly error: unknown } | undefined;
  #wakeReader = (): void => {};

  push(result: T): void {
    this.#results.push(result);
    this.#wakeReader();
  }

  addWorker(work: Promise<void>): void {
    this.#running += 1;
    const ended = work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => {
        this.#running -= 1;
        this.#wakeReader();
      });
    this.#workers.push(ended);
  }

  /** Resolves when all workers have ended, also if they failed. */
  async ended(): Promise<void> {
    await Promise.all(this.#workers);
  }

  async *read(): AsyncIterable<T> {
    for (;;) {
      while (this.#results.length > 0) yield this.#results.shift()!;
      if (this.#failure !== undefined) throw this.#failure.error;
      if (this.#running === 0) return;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }
}
