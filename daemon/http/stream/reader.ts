import type { PushStore } from '../../store/store.ts';

const PAGE = 100;

/** A connection, as far as sending pushes goes. */
export interface Sink {
  /** Sends one push; resolves when more may be sent, and rejects when the connection is gone. */
  send(seq: number, body: string): Promise<void>;
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
  begin(seq: number): Promise<void> {
    this.#at = seq;
    this.#beginnings += 1;
    return this.wake();
  }

  /** There may be something new. Resolves when the one that reads is up to date; rejects with why it could not send. */
  async wake(): Promise<void> {
    if (this.#at === undefined || this.#closed) return;
    this.#again = true;
    if (this.#running) return;
    this.#running = true;
    try {
      while (this.#again && !this.#closed) {
        this.#again = false;
        await this.#readOn();
      }
    } finally {
      this.#running = false;
    }
  }

  close(): void {
    this.#closed = true;
  }

  async #readOn(): Promise<void> {
    for (;;) {
      const beginning = this.#beginnings;
      const page = await this.#pushes.since(this.#user, this.#at!, { limit: PAGE, now: this.#now() });
      for (const { seq, frame } of page) {
        if (this.#closed || this.#beginnings !== beginning) return;
        await this.#sink.send(seq, frame);
        if (this.#beginnings === beginning) this.#at = seq;
      }
      if (page.length < PAGE) return;
    }
  }
}
