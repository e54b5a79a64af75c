import type { SkippedLines } from '../../core/delivery/resend.ts';

/** Lines that wait for a reader. A reader that is slower than the job loses lines, so that memory stays bounded. */
const MAX_WAITING = 10_000;

/** Lines of a job for one reader. The job never waits for it. */
export class Follower<Line> {
  readonly #waiting: Line[] = [];
  #skipped = 0;
  #end: { readonly error?: unknown } | undefined;
  #isClosed = false;
  #wake = (): void => {};

  push(line: Line): void {
    if (this.#isClosed) return;
    if (this.#waiting.length >= MAX_WAITING) {
      this.#waiting.shift();
      this.#skipped += 1;
    }
    this.#waiting.push(line);
    this.#wake();
  }

  /** Ends the lines, with `error` if there is one. */
  end(error?: unknown): void {
    this.#end = { ...(error !== undefined && { error }) };
    this.#wake();
  }

  /** The lines as they come, until the end or until `signal` aborts. */
  async *read(signal: AbortSignal): AsyncIterable<Line | SkippedLines> {
    const wake = (): void => this.#wake();
    signal.addEventListener('abort', wake, { once: true });
    try {
      while (!signal.aborted) {
        if (this.#skipped > 0) yield { skipped: this.#takeSkipped() };
        while (this.#waiting.length > 0) yield this.#waiting.shift()!;
        if (this.#end?.error !== undefined) throw this.#end.error;
        if (this.#end !== undefined) return;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
          if (signal.aborted) resolve();
        });
      }
    } finally {
      this.#isClosed = true;
      this.#waiting.length = 0;
      signal.removeEventListener('abort', wake);
    }
  }

  #takeSkipped(): number {
    const skipped = this.#skipped;
    this.#skipped = 0;
    return skipped;
  }
}
