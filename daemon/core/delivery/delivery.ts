import type { Event } from '../event/event.ts';
import type { FailureClass } from '../problems/failure.ts';
import type { StoredMessage } from '../message/message.ts';
import type { Rate } from '../../lib/time/duration.ts';

/**
 * State of a delivery: pending -> sending -> delivered | dead. held: its channel is paused, held, misconfigured, or no longer in the rules.
 * cancelled: withdrawn by a person. `sending` includes messages that wait for their receipt (a WebSocket user who is away).
 */
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export const DELIVERY_STATES = ['pending', 'sending', 'held', 'delivered', 'dead', 'cancelled'] as const;

export type DeadClass = (typeof DEAD_CLASSES)[number];

export const DEAD_CLASSES = ['permanent', 'exhausted', 'expired', 'unknown', 'internal'] as const;

export interface Attempt {
  /** RFC 3339. */
  readonly at: string;
  readonly ms: number;
  /** Absent when the attempt delivered. */
  readonly class?: FailureClass | 'internal';
  readonly code?: string;
  readonly message?: string;
  /** Probe of an open breaker, which does not count in the retry schedule. */
  readonly probe?: boolean;
  /** Channel that delivered a dead letter, where it is not the one of the delivery. */
  readonly channel?: string;
}

/** Proof of a delivery: the provider's message id, or its response. */
export interface Receipt {
  readonly id?: string;
  readonly status?: number;
  readonly answer?: string;
}

/** One message on its way to one channel. Its `id` (UUIDv7) is the same in every attempt and resend. */
export interface Delivery {
  readonly id: string;
  readonly event: Event;
  readonly rule: string;
  readonly channel: string;
  readonly channelType: string;
  readonly key: string;
  readonly status: 'firing' | 'resolved';
  readonly message: StoredMessage;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** From `notify.delay`, milliseconds: time by which the first attempt is postponed. */
  readonly delay?: number;
  /** From `message.ttl`, milliseconds since the epoch; then it becomes dead as `expired`. */
  readonly expiresAt?: number;
  /** Channel of the dead delivery that this one replaces. */
  readonly fallbackOf?: string;
  /** Hops of the events of its message, if they are higher than those of `event`. */
  readonly hops?: number;
  readonly attempts: readonly Attempt[];
}

/** Compiled `delivery` settings of a channel. All times are in milliseconds. */
export interface DeliveryPolicy {
  readonly timeout: number;
  readonly retry: readonly number[];
  readonly giveUpAfter: number;
  readonly rate?: Rate;
  readonly concurrency: number;
  readonly order: 'none' | 'key';
  readonly onUnknown: 'retry' | 'dead';
  readonly fallback?: string;
  readonly paused: boolean;
}

/** `canary:` of a channel, compiled. Durations are in milliseconds. */
export interface CanarySettings {
  readonly every: number;
  readonly within: number;
  /** Channel of the alarm; undefined: the fallback of the channel. */
  readonly notify?: string;
  readonly to?: readonly string[];
}

export interface DeadError {
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly body?: string;
}

/** A line of `dead-letters.jsonl`. It contains the whole event, so that `--requeue` needs no history. */
export interface DeadLetter {
  readonly id: string;
  readonly dead_at: string;
  readonly class: DeadClass;
  readonly error: DeadError;
  readonly channel: string;
  readonly channel_type: string;
  readonly rule: string;
  readonly key: string;
  readonly event: Event;
  readonly message: StoredMessage;
  readonly attempts: readonly Attempt[];
}
