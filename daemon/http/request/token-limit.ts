import type { Clock } from '../../lib/time/clock.ts';

/** Requests that are answered in any second: with wrong tokens, all together; with one right token. */
const MAX_WRONG = 20;
const MAX_RIGHT = 5;
const WINDOW_MS = 1000;
/** Right tokens whose requests are counted; with more, the oldest is forgotten. */
const MAX_COUNTED = 1000;

interface Window {
  start: number;
  count: number;
}

/**
 * Limits requests whose permission is a token in them: presses of buttons, and logins to the web console. Wrong tokens share one limit, so
 * that somebody who tries tokens cannot fill the daemon, and does not keep out people with a right one. Counts in whole seconds.
 */
export class TokenLimit {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #wrong: Window = { start: Number.NEGATIVE_INFINITY, count: 0 };
  readonly #right = new Map<string, Window>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Counts a request with a token, and returns whether it may be answered. */
  passes(token: string, isSigned: boolean): boolean {
    if (!isSigned) return this.#count(this.#wrong) <= MAX_WRONG;
    const window = this.#right.get(token) ?? { start: Number.NEGATIVE_INFINITY, count: 0 };
    this.#right.delete(token);
    this.#right.set(token, window);
    const [oldest] = this.#right.keys();
    if (this.#right.size > MAX_COUNTED) this.#right.delete(oldest!);
    return this.#count(window) <= MAX_RIGHT;
  }

  #count(window: Window): number {
    const now = this.#clock.monotonic();
    if (now - window.start >= WINDOW_MS) {
      window.start = now;
      window.count = 0;
    }
    window.count += 1;
    return window.count;
  }
}
