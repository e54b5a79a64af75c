import type { Clock } from '../../../lib/time/clock.ts';

/** Requests with one token that are answered in any second. */
export const MAX_RIGHT = 5;
const WINDOW_MS = 1000;
/** Tokens whose requests are counted; with more, the oldest is forgotten. */
const MAX_COUNTED = 1000;

interface Window {
  start: number;
  count: number;
}

/** Limits the requests of each right token that is the permission itself, as in the link of a button. Counts in whole seconds. */
export class TokenLimit {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #windows = new Map<string, Window>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Counts a request with a token, and returns whether it may be answered. */
  passes(token: string): boolean {
    const now = this.#clock.monotonic();
    const window = this.#windows.get(token) ?? { start: Number.NEGATIVE_INFINITY, count: 0 };
    this.#windows.delete(token);
    this.#windows.set(token, window);
    const [oldest] = this.#windows.keys();
    if (this.#windows.size > MAX_COUNTED) this.#windows.delete(oldest!);
    if (now - window.start >= WINDOW_MS) {
      window.start = now;
      window.count = 0;
    }
    window.count += 1;
    return window.count <= MAX_RIGHT;
  }
}
