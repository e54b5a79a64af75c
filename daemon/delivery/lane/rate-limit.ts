import type { Clock } from '../../lib/time/clock.ts';
import type { Rate } from '../../lib/time/duration.ts';
import type { SharedRates } from '../../store/store.ts';
import type { LaneDeps } from './deps.ts';

/** Limit of the attempts of a channel. Times are monotonic milliseconds. */
export interface RateLimit {
  /** Milliseconds until the next attempt may begin; 0 means now. */
  wait(now: number): number;
  /** Number of attempts that may begin at `now`. */
  left(now: number): number;
  take(now: number): void;
}

/** Sliding-window rate limit: at most `count` attempts in any `per` milliseconds. Keeps the times of the last `count`, so a provider that counts the same way never sees more. */
export class OwnRateLimit implements RateLimit {
  readonly #rate: Rate | undefined;
  readonly #takenAt: number[] = [];

  /** undefined: no limit. */
  constructor(rate: Rate | undefined) {
    this.#rate = rate;
  }

  wait(now: number): number {
    if (this.#rate === undefined || this.#takenAt.length < this.#rate.count) return 0;
    return Math.max(0, this.#takenAt[0]! + this.#rate.per - now);
  }

  left(now: number): number {
    const { count, per } = this.#rate ?? { count: Number.POSITIVE_INFINITY, per: 0 };
    return count - this.#takenAt.filter((at) => at + per > now).length;
  }

  take(now: number): void {
    if (this.#rate === undefined) return;
    if (this.#takenAt.length >= this.#rate.count) this.#takenAt.shift();
    this.#takenAt.push(now);
  }
}

export interface SharedRateDeps {
  readonly channel: string;
  readonly rate: Rate;
  readonly rates: SharedRates;
  readonly clock: Clock;
  /** Number of attempts that wait to begin now. */
  readonly wanted: () => number;
  /** Called when an answer has come, so that what waits can be looked at again. */
  readonly onAnswer: () => void;
}

/** Wait after which the answer of the store is looked at again, if nothing wakes the lane before. Milliseconds. */
const ASK_AGAIN_MS = 1000;
/** Time before the end of a permit in which it is not used any more, milliseconds. */
const MARGIN_MS = 100;
/** Part of a period whose attempts are asked for at once, milliseconds. */
const AHEAD_MS = 250;

/** Rate limit of all instances: the store gives permits for attempts, which are good for a second. */
export class SharedRateLimit implements RateLimit {
  readonly #deps: SharedRateDeps;
  #permits = 0;
  #validUntil = 0;
  #blockedUntil = 0;
  #isAsking = false;

  constructor(deps: SharedRateDeps) {
    this.#deps = deps;
  }

  wait(now: number): number {
    if (this.left(now) > 0) return 0;
    if (now < this.#blockedUntil) return this.#blockedUntil - now;
    void this.#ask(now);
    return ASK_AGAIN_MS;
  }

  left(now: number): number {
    return now < this.#validUntil ? this.#permits : 0;
  }

  take(): void {
    this.#permits -= 1;
  }

  async #ask(now: number): Promise<void> {
    const { channel, rate, rates, wanted, clock, onAnswer } = this.#deps;
    const waiting = wanted();
    if (this.#isAsking || waiting === 0) return;
    this.#isAsking = true;
    const most = Math.max(1, Math.floor((rate.count * AHEAD_MS) / rate.per));
    try {
      const { granted, validFor, wait } = await rates.take(channel, rate, Math.min(waiting, most));
      this.#permits = granted;
      this.#validUntil = now + validFor - MARGIN_MS;
      this.#blockedUntil = granted > 0 ? 0 : clock.monotonic() + wait;
    } catch {
      // The store cannot be used, which is reported elsewhere; it is asked again.
      this.#blockedUntil = clock.monotonic() + ASK_AGAIN_MS;
    } finally {
      this.#isAsking = false;
      onAnswer();
    }
  }
}

/** Number of deliveries of a channel that are pending, if one of them is due. */
export function dueNow(channel: string, { store, clock }: Pick<LaneDeps, 'store' | 'clock'>): number {
  const isDue = (store.deliveries.nextDue(channel) ?? Number.POSITIVE_INFINITY) <= clock.now();
  return isDue ? (store.deliveries.counts().byChannel.get(channel)?.pending ?? 0) : 0;
}
