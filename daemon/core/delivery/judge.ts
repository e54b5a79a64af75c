import type { DeadClass, DeadError, Delivery, DeliveryPolicy, Receipt } from './delivery.ts';
import { SendFailure } from '../problems/failure.ts';

/** What came of one attempt. */
export type Outcome =
  | { readonly kind: 'delivered'; readonly receipt: Receipt }
  /** Handed over durably; the receipt is awaited until then, milliseconds since the epoch. */
  | { readonly kind: 'handover'; readonly until: number }
  | { readonly kind: 'failed'; readonly failure: SendFailure }
  /** The channel threw something else than a `SendFailure`. */
  | { readonly kind: 'bug'; readonly error: Error };

export type Judgement =
  | { readonly kind: 'delivered'; readonly receipt: Receipt }
  | { readonly kind: 'awaiting'; readonly until: number }
  /** Due again then, milliseconds since the epoch. */
  | { readonly kind: 'retry'; readonly at: number }
  | { readonly kind: 'dead'; readonly class: DeadClass; readonly error: DeadError };

export interface Case {
  /** Its `attempts` are those before this one. */
  readonly delivery: Delivery;
  readonly outcome: Outcome;
  readonly policy: DeliveryPolicy;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** [0, 1) */
  readonly random: () => number;
  /** Made by an open breaker: a transient failure uses up no attempt. */
  readonly probe: boolean;
}

/** A provider may ask for patience, but not for more than this, milliseconds. */
export const MAX_RETRY_AFTER_MS = 24 * 3_600_000;
/** The rest of a channel whose provider limits the rate and does not say for how long, milliseconds. */
const DEFAULT_PAUSE_MS = 60_000;
const JITTER = 0.2;

/** How long the far side is left alone after this failure, milliseconds. */
export function pauseAfter({ detail }: SendFailure): number {
  const asked = detail.retryAfter ?? (detail.rateLimited ? DEFAULT_PAUSE_MS : 0);
  return Math.min(Math.max(0, asked), MAX_RETRY_AFTER_MS);
}

/** delivered, again at t, or dead. A permanent failure is never tried again: waiting would only hide what a person must mend. */
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
  const asked = now + pauseAfter(failure);
  // The last try is made when time is up, rather than never; but never sooner than the far side asked for.
  const at = Math.max(asked, Math.min(now + wait, delivery.createdAt + policy.giveUpAfter));
  if (delivery.expiresAt !== undefined && at >= delivery.expiresAt) return dead('expired', failure);
  return { kind: 'retry', at };
}

/** The schedule's next wait, jittered; undefined when it is used up. */
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
