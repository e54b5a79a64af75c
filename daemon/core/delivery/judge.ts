import type { DeadClass, DeadError, Delivery, DeliveryPolicy, Receipt } from './delivery.ts';
import { SendFailure } from '../problems/failure.ts';

/** Outcome of one attempt. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly receipt: Receipt }
  /** Handed over durably; `until` is the time limit of the receipt, milliseconds since the epoch. */
  | { readonly kind: 'handover'; readonly until: number }
  | { readonly kind: 'failed'; readonly failure: SendFailure }
  /** The channel threw another error than `SendFailure`. */
  | { readonly kind: 'bug'; readonly error: Error };

export type Judgement =
  | { readonly kind: 'delivered'; readonly receipt: Receipt }
  | { readonly kind: 'awaiting'; readonly until: number }
  /** Due again at this time, milliseconds since the epoch. */
  | { readonly kind: 'retry'; readonly at: number }
  | { readonly kind: 'dead'; readonly class: DeadClass; readonly error: DeadError };

export interface Case {
  /** `attempts` do not include this one. */
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly policy: DeliveryPolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** [0, 1) */
  readonly random: () => number;
  /** Probe of an open breaker: a transient failure does not count in the retry schedule. */
  readonly probe: boolean;
}

/** Limit of the pause after a failure, milliseconds. */
export const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
/** Pause after a rate limit without a duration, milliseconds. */
const DEFAULT_PAUSE_MS = 60_000;
/** Share by which a wait of the retry schedule is longer or shorter. */
export const JITTER = 0.2;

/** Pause before the next request to the provider after this failure, milliseconds. */
export function pauseAfter({ detail }: SendFailure): number {
  const pause = detail.retryAfter ?? (detail.rateLimited ? DEFAULT_PAUSE_MS : 0);
  return Math.min(Math.max(0, pause), MAX_RETRY_AFTER_MS);
}

/** Decides between delivered, retry at a time, and dead. A permanent failure is never retried, because a person must remove its cause. */
export function judge(input: Case): Judgement {
  const { outcome, policy } = input;
  switch (outcome.kind) {
    case 'delivered':
      return outcome;
    case 'handover':
      return { kind: 'awaiting', until: outcome.until };
    case 'bug':
      return { kind: 'dead', class: 'internal', error: { code: 'internal', message: outcome.error.message } };
    case 'failed':
      return outcome.failure.class === 'permanent' ||
        (outcome.failure.class === 'unknown' && policy.onUnknown === 'dead')
        ? dead(outcome.failure.class, outcome.failure)
        : again(input, outcome.failure);
  }
}

function again(input: Case, failure: SendFailure): Judgement {
  const { delivery, policy, now, probe } = input;
  const givenUp = now >= delivery.createdAt + policy.giveUpAfter;
  const wait = probe ? 0 : scheduledWait(input);
  if (givenUp || wait === undefined) return dead(failure.class === 'unknown' ? 'unknown' : 'exhausted', failure);
  const earliest = now + pauseAfter(failure);
  // The last attempt is made at the end of `give_up_after`, but not before the time that the provider asked for.
  const at = Math.max(earliest, Math.min(now + wait, delivery.createdAt + policy.giveUpAfter));
  if (delivery.expiresAt !== undefined && at >= delivery.expiresAt) return dead('expired', failure);
  return { kind: 'retry', at };
}

/** Next wait of the schedule with jitter; undefined if the schedule is used up. */
function scheduledWait({ delivery, policy, random }: Case): number | undefined {
  const used = delivery.attempts.filter(({ probe }) => probe !== true).length;
  const wait = policy.retry[used];
  return wait === undefined ? undefined : Math.round(wait * (1 - JITTER + 2 * JITTER * random()));
}

function dead(deadClass: DeadClass, failure: SendFailure): Judgement {
  const { status, body } = failure.detail;
  return {
    kind: 'dead',
    class: deadClass,
    error: {
      code: failure.code,
      message: failure.message,
      ...(status !== undefined && { status }),
      ...(body !== undefined && { body }),
    },
  };
}
