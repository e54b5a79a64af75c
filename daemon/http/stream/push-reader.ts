import type { PushStore } from '../../store/store.ts';

const PAGE = 100;

/** Output side of a connection. */
export interface PushOutput {
  /** Sends one push. Returns a promise when the next push must wait for it; it rejects when the connection has ended. */
  send(seq: number, body: string): Promise<void> | undefined;
}

/**
 * Reads the pushes of a user page by page from a position to the newest, and sends each once. A new push only wakes the reader, so
 * the same code sends missed and new pushes, without a gap or a duplicate between them.
 */
export class PushReader {
  readonly #user: string;
  readonly #pushes: PushStore;
  readonly #sink: PushOutput;
  readonly #now: () => number;
  #at: number | undefined;
  /** Number of starts; a page read before the last start is not sent. */
  #starts = 0;
  #running = false;
  #again = false;
  #closed = false;
  /** Resolves when the client has read enough for more to be sent. */
  #full: Promise<void> | undefined;

  constructor(deps: { user: string; pushes: PushStore; sink: PushOutput; now: () => number }) {
    this.#user = deps.user;
    this.#pushes = deps.pushes;
    this.#sink = deps.sink;
    this.#now = deps.now;
  }

  get isStarted(): boolean {
    return this.#at !== undefined;
  }

  /** Sends the pushes after `seq`. */
  start(seq: number): Promise<void> | undefined {
    this.#at = seq;
    this.#starts += 1;
    return this.wake();
  }

  /** Sends new pushes. Returns a promise when that takes time; it resolves when all are sent. */
  wake(): Promise<void> | undefined {
    if (this.#at === undefined || this.#closed) return undefined;
    this.#again = true;
    return this.#running || this.#sendCached() ? undefined : this.#run();
  }

  /** Sends pushes from the cache without waiting. False when it could not send all, which is rare. */
  #sendCached(): boolean {
    const page = this.#pushes.cached(this.#user, this.#at!, { limit: PAGE, now: this.#now() });
    if (page === undefined || page.length === PAGE) return false;
    for (const { seq, frame } of page) {
      const full = this.#sink.send(seq, frame);
      this.#at = seq;
      if (full === undefined) continue;
      this.#full = full;
      return false;
    }
    this.#again = false;
    return true;
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      await this.#full;
      while (this.#again && !this.#closed) {
        this.#again = false;
        await this.#sendPages();
      }
    } finally {
      this.#running = false;
      this.#full = undefined;
    }
  }

  close(): void {
    this.#closed = true;
  }

  async #sendPages(): Promise<void> {
    for (;;) {
      const start = this.#starts;
      const options = { limit: PAGE, now: this.#now() };
      const page =
        this.#pushes.cached(this.#user, this.#at!, options) ??
        (await this.#pushes.since(this.#user, this.#at!, options));
      for (const { seq, frame } of page) {
        if (this.#closed || this.#starts !== start) return;
        await this.#sink.send(seq, frame);
        if (this.#starts === start) this.#at = seq;
      }
      if (page.length < PAGE) return;
    }
  }
}
