/** Opens a value at its first use. If this fails, the next use opens it again. */
export class OpenedOnce<T> {
  readonly #open: () => Promise<T>;
  #opened: Promise<T> | undefined;

  constructor(open: () => Promise<T>) {
    this.#open = open;
  }

  get(): Promise<T> {
    this.#opened ??= this.#open().catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  /** Resolves to undefined if it was never opened, or could not be opened. */
  async ifOpened(): Promise<T | undefined> {
    return this.#opened?.catch(() => undefined);
  }
}
