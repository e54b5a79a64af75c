import type { Event } from '../event/event.ts';
import type { FailureClass } from '../problems/failure.ts';
import type { Message } from '../message/message.ts';
import type { Rate } from '../../lib/time/duration.ts';

/**
 * pending -> sending -> delivered | dead; held: its channel is paused, held, misconfigured, or no longer in the rules; cancelled: taken back by a person.
 * `sending` also covers a message handed over whose receipt is still to come (a WebSocket user who is away).
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
  /** Made by an open breaker: does not count against the retry schedule. */
  readonly probe?: boolean;
}

/** The proof of a delivery: the provider's message id, or what it answered. */
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
  readonly message: Message;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** From `notify.delay`, milliseconds; it begins so much later than it was asked for. */
  readonly delay?: number;
  /** From `message.ttl`: after that it ends dead as `expired`. */
  readonly expiresAt?: number;
  /** The channel whose dead delivery this one stands in for. */
  readonly fallbackOf?: string;
  readonly attempts: readonly Attempt[];
}

/** How one channel sends: its `delivery` settings, compiled. Milliseconds throughout. */
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

export interface DeadError {
  readonly code: string;
  readonly message: string;
  readonly status?: number;
  readonly body?: string;
}

/** A line of `dead-letters.jsonl`. The event is whole, so that `--requeue` needs no history. */
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
  readonly message: Message;
  readonly attempts: readonly Attempt[];
}
