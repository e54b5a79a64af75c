import type { PushStore } from '../../store/store.ts';

const PAGE = 100;

/** A connection, as far as sending pushes goes. */
export interface Sink {
  /** Sends one push. A promise when no more may be sent before it resolves; it rejects when the connection is gone. */
  send(seq: number, body: string): Promise<void> | undefined;
}

/**
 * Reads a user's pushes from where they are to the newest, page by page, and sends each once. A live push only wakes it, so
 * there is one way to a client, and neither a gap nor a duplicate at the seam between what was missed and what is new.
 */
export class Reader {
  readonly #user: string;
  readonly #pushes: PushStore;
  readonly #sink: Sink;
  readonly #now: () => number;
  #at: number | undefined;
  /** Counts the beginnings: a page that was read before the last one is not sent. */
  #beginnings = 0;
  #running = false;
  #again = false;
  #closed = false;
  /** The client must read on before it is sent more. */
  #full: Promise<void> | undefined;

  constructor(parts: { user: string; pushes: PushStore; sink: Sink; now: () => number }) {
    this.#user = parts.user;
    this.#pushes = parts.pushes;
    this.#sink = parts.sink;
    this.#now = parts.now;
  }

  get begun(): boolean {
    return this.#at !== undefined;
  }

  /** Sends what comes after `seq`. */
  begin(seq: number): Promise<void> | undefined {
    this.#at = seq;
    this.#beginnings += 1;
    return this.wake();
  }

  /** There may be something new. A promise when it takes time: it resolves when all is sent, and rejects with why it could not be. */
  wake(): Promise<void> | undefined {
    if (this.#at === undefined || this.#closed) return undefined;
    this.#again = true;
    return this.#running || this.#sendRecent() ? undefined : this.#run();
  }

  /** What is new is nearly always in memory, and nearly every client can take it: then nothing has to be waited for. */
  #sendRecent(): boolean {
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
        await this.#readOn();
      }
    } finally {
      this.#running = false;
      this.#full = undefined;
    }
  }

  close(): void {
    this.#closed = true;
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const beginning = this.#beginnings;
      const options = { limit: PAGE, now: this.#now() };
      const page =
        this.#pushes.cached(this.#user, this.#at!, options) ??
        (await this.#pushes.since(this.#user, this.#at!, options));
      for (const { seq, frame } of page) {
        if (this.#closed || this.#beginnings !== beginning) return;
        await this.#sink.send(seq, frame);
        if (this.#beginnings === beginning) this.#at = seq;
      }
      if (page.length < PAGE) return;
    }
  }
}
