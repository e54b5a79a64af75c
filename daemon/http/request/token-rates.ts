import type { Clock } from '../../lib/time/clock.ts';
import { RateWindow, retryAfter } from '../../lib/time/rate-window.ts';
import { HttpProblem } from '../problem.ts';
import type { Caller } from '../stream/stream-server.ts';

/** Limits the requests of each token that has a `rate`. A reload begins the windows of changed rules anew. */
export class TokenRates {
  readonly #clock: Pick<Clock, 'monotonic'>;
  /** By token; a caller that has a `rate` is the token itself. */
  readonly #windows = new WeakMap<Caller, RateWindow>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  /** Counts a request, or throws 429. */
  take(caller: Caller): void {
    if (caller.rate === undefined) return;
    const window = this.#windows.get(caller) ?? new RateWindow(caller.rate, this.#clock);
    this.#windows.set(caller, window);
    const wait = window.take();
    if (wait > 0)
      throw new HttpProblem(429, 'auth.rate', 'this token has made too many requests (`rate` of the token)', {
        headers: { 'retry-after': retryAfter(wait) },
      });
  }
}
