export interface PumpParts {
  /** Does what may be done now. */
  readonly round: () => Promise<void>;
  /** A round threw. */
  readonly failed: (error: unknown) => void;
  /** Nothing more to do until the next `wake`. */
  readonly quiet: () => void;
}

/** Runs rounds one at a time: a `wake` during one brings another one after it. */
export class Pump {
  readonly #parts: PumpParts;
  #running: Promise<void> | undefined;
  #again = false;

  constructor(parts: PumpParts) {
    this.#parts = parts;
  }

  /** Resolves when it is quiet; undefined while it is. */
  get running(): Promise<void> | undefined {
    return this.#running;
  }

  wake(): void {
    if (this.#running === undefined) this.#running = this.#run();
    else this.#again = true;
  }

  async #run(): Promise<void> {
    try {
      do {
        this.#again = false;
        await this.#parts.round();
      } while (this.#again);
    } catch (error) {
      this.#parts.failed(error);
    } finally {
      this.#running = undefined;
      this.#parts.quiet();
    }
  }
}
