import type { DeliveryPolicy } from '../../core/delivery/delivery.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { RatePacing } from './deps.ts';
import type { Health } from './health/health.ts';
import type { SharedRates } from '../../store/store.ts';
import type { InFlight } from './in-flight.ts';
import { OwnRateLimit, type RateLimit, SharedRateLimit, type SharedRateDeps } from './rate-limit.ts';

/** Upper bound of deliveries that are claimed at once. */
export const CLAIM_BATCH = 64;

interface AdmissionDeps extends Pick<SharedRateDeps, 'channel' | 'wanted' | 'onAnswer'> {
  readonly health: Health;
  readonly inFlight: InFlight;
  readonly clock: Clock;
  /** Undefined while this is the only instance. */
  readonly rates: SharedRates | undefined;
}

/** Decides how many attempts may begin now, by rate, concurrency and the health of the channel. */
export class Admission {
  /** Whether a probe of the open breaker is in flight. */
  isProbing = false;
  readonly #health: Health;
  readonly #inFlight: InFlight;
  readonly #clock: Clock;
  readonly #deps: AdmissionDeps;
  #policy: DeliveryPolicy;
  #rateLimit: RateLimit;

  constructor(policy: DeliveryPolicy, deps: AdmissionDeps) {
    this.#policy = policy;
    this.#deps = deps;
    this.#rateLimit = this.#newRateLimit();
    this.#health = deps.health;
    this.#inFlight = deps.inFlight;
    this.#clock = deps.clock;
  }

  /** Applies an edited policy. Attempts of the last period still count if the rate is the same. */
  reconfigure(policy: DeliveryPolicy): void {
    const isSameRate = JSON.stringify(this.#policy.rate) === JSON.stringify(policy.rate);
    this.#policy = policy;
    if (!isSameRate) this.#rateLimit = this.#newRateLimit();
  }

  #newRateLimit(): RateLimit {
    const { rate } = this.#policy;
    const { rates } = this.#deps;
    return rate === undefined || rates === undefined
      ? new OwnRateLimit(rate)
      : new SharedRateLimit({ ...this.#deps, rate, rates });
  }

  /** Takes one attempt from the rate. */
  take(): void {
    this.#rateLimit.take(this.#clock.monotonic());
  }

  /** Number of deliveries that may be claimed now. */
  get claimable(): number {
    if (this.#rateWait > 0) return 0;
    const wait = this.#health.wait(this.#policy.paused);
    if (wait === undefined || wait > 0) return 0;
    if (this.#health.isFailing) return this.isProbing ? 0 : 1;
    // With a rate, one at a time: each attempt takes from the rate before the next one begins.
    return Math.min(this.#attemptsLeft, this.#policy.rate === undefined ? CLAIM_BATCH : 1);
  }

  /** Holds and the breaker do not bind manual attempts. */
  get mayBeginManual(): boolean {
    return this.#attemptsLeft > 0 && this.#rateWait === 0 && this.#health.cooldownLeft === 0;
  }

  /** Milliseconds until rate and health allow an attempt; undefined while the lane is held. */
  get wait(): number | undefined {
    const wait = this.#health.wait(this.#policy.paused);
    return wait === undefined ? undefined : Math.max(wait, this.#rateWait);
  }

  /** Milliseconds until the attempt of a delivery that is due in `dueIn` may begin; undefined if a release or the end of another attempt must come first. */
  waitForDelivery(dueIn: number): number | undefined {
    const { wait } = this;
    return wait === undefined || this.isProbing || this.#attemptsLeft <= 0 ? undefined : Math.max(dueIn, wait);
  }

  /** Milliseconds until a manual attempt may begin; undefined if another attempt must end first. */
  get waitForManual(): number | undefined {
    return this.#attemptsLeft <= 0 ? undefined : Math.max(this.#rateWait, this.#health.cooldownLeft);
  }

  /** State of the rate limit; undefined without one. */
  get rate(): RatePacing | undefined {
    const { rate } = this.#policy;
    if (rate === undefined) return undefined;
    const { now, monotonic } = { now: this.#clock.now(), monotonic: this.#clock.monotonic() };
    const left = this.#rateLimit.left(monotonic);
    return { ...rate, left, ...(left === 0 && { nextAt: now + this.#rateLimit.wait(monotonic) }) };
  }

  get #attemptsLeft(): number {
    return this.#inFlight.attemptsLeft(this.#policy.concurrency);
  }

  get #rateWait(): number {
    return this.#rateLimit.wait(this.#clock.monotonic());
  }
}
