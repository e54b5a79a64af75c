import type { Delivery, DeliveryPolicy } from '../core/delivery/delivery.ts';
import { JITTER, MAX_RETRY_AFTER_MS } from '../core/delivery/judge.ts';
import type { Clock } from '../lib/time/clock.ts';
import { ClockJumps } from '../lib/time/clock-jumps.ts';
import type { InFlight } from './lane/in-flight.ts';

export interface ClockEffectsDeps {
  readonly clock: Clock;
  readonly inFlight: InFlight;
  /** Runs a round of the lane. */
  readonly wake: () => void;
}

/** Keeps the due times of a lane right when the wall clock is set: they are wall-clock times. */
export class ClockEffects {
  readonly #deps: ClockEffectsDeps;
  readonly #jumps: ClockJumps;
  #retriesDue = false;

  constructor(deps: ClockEffectsDeps) {
    this.#deps = deps;
    this.#jumps = new ClockJumps(deps.clock);
  }

  /** Checks the earliest due time at a start: it lies further ahead than any wait if the clock was set back while no daemon ran. */
  started(nextDue: number | undefined, { retry }: DeliveryPolicy): void {
    const longest = Math.max(MAX_RETRY_AFTER_MS, ...retry) * (1 + JITTER);
    this.#retriesDue = (nextDue ?? 0) > this.#deps.clock.now() + longest;
  }

  /** Returns true if the clock was set back, so that every retry waits too long. Those of attempts in flight are reported when they end. */
  takeRetriesDue(): boolean {
    if (this.#jumps.wentBack()) {
      this.#retriesDue = true;
      this.#deps.inFlight.onEachEnd(() => {
        this.#retriesDue = true;
        this.#deps.wake();
      });
    }
    const areDue = this.#retriesDue;
    this.#retriesDue = false;
    return areDue;
  }

  /** The policy, with the time to give up put off by jumps forward, which give no time for attempts. */
  policyFor({ createdAt }: Delivery, policy: DeliveryPolicy): DeliveryPolicy {
    const aged = this.#jumps.agedSince(createdAt);
    return aged === 0 ? policy : { ...policy, giveUpAfter: policy.giveUpAfter + aged };
  }
}
