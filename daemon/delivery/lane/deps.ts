import type { Notifier } from '../../channels/channel.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import type { EventInput } from '../../core/event/event.ts';
import type { Message } from '../../core/message/message.ts';
import type { ChannelConfig } from '../../core/ruleset.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Settlement, Store } from '../../store/store.ts';
import type { CrashMarks } from '../crash-marks.ts';
import type { DeadLetters } from '../dead-letters/dead-letters.ts';

/** Callbacks on the progress of deliveries. */
export interface LaneObserver {
  attempted(channel: string, milliseconds: number): void;
  settled(delivery: Delivery, settlement: Settlement): void;
  /** A manual attempt has delivered a message. It settles no delivery. */
  deliveredManually?(channel: string): void;
}

/** Message of one attempt. */
export interface OutgoingMessage {
  readonly message: Message;
  /** Tokens of its buttons, which no answer of the remote server may show to others. */
  readonly secrets: readonly string[];
}

/** Dependencies that all lanes share. */
export interface LaneDeps {
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  readonly newId: () => string;
  readonly log: Log;
  readonly scrubber: Scrubber;
  /** Submits an event of the daemon itself. */
  readonly raise: (event: EventInput) => void;
  readonly observer: LaneObserver;
  readonly open: (config: ChannelConfig) => Notifier;
  /** Makes the message of an attempt. */
  readonly outgoing: (delivery: Delivery) => OutgoingMessage;
  /** Aborts when the grace period of a stop is over. Attempts end then, and writes are no longer retried while the disk is full. */
  readonly killed: AbortSignal;
  /** Finds deliveries at whose attempts the daemon crashes; absent where no daemon runs. */
  readonly marks?: CrashMarks;
  /** Live configuration of another channel, for fallbacks. */
  readonly channel: (name: string) => ChannelConfig | undefined;
}

export type LaneState = 'ok' | 'failing' | 'misconfigured' | 'paused' | 'removed';

export interface HealthStatus {
  readonly state: LaneState;
  readonly reason: string | undefined;
  /** Code of the failure that holds the lane. */
  readonly code?: string;
  /** RFC 3339; beginning of the state, where it is known. */
  readonly since?: string;
  /** RFC 3339; end of a hold that ends by itself. */
  readonly until?: string;
  /** Milliseconds since the epoch; set during a cooldown. */
  readonly cooldownUntil?: number;
}

export interface LaneStatus {
  readonly name: string;
  readonly type: string;
  readonly state: LaneState;
  readonly reason?: string;
  /** Code of the failure that holds the lane. */
  readonly code?: string;
  /** RFC 3339; beginning of the state, where it is known. */
  readonly since?: string;
  /** RFC 3339; end of a hold that ends by itself. */
  readonly until?: string;
  /** Milliseconds since the epoch; set during a cooldown. */
  readonly cooldownUntil?: number;
  readonly pending: number;
  readonly sending: number;
  readonly held: number;
}

/** Pace of a lane: its breaker, and its rate limit. Times are milliseconds since the epoch. */
export interface LanePacing {
  readonly breaker: {
    readonly isOpen: boolean;
    /** Failures in a row. */
    readonly failures: number;
    /** Next probe while it is open. */
    readonly probeAt?: number;
  };
  /** Undefined without a limit. */
  readonly rate: RatePacing | undefined;
}

export interface RatePacing {
  readonly count: number;
  readonly per: number;
  /** Attempts that may begin now. */
  readonly left: number;
  /** Time of the next attempt, if none is left. */
  readonly nextAt?: number;
}

/** Counts pending deliveries as held while the channel is paused or misconfigured. */
export function laneStatus(
  { name, type }: ChannelConfig,
  { state, reason, code, since, until, cooldownUntil }: HealthStatus,
  { pending, sending }: { readonly pending: number; readonly sending: number },
): LaneStatus {
  const isHeld = state === 'paused' || state === 'misconfigured';
  return {
    name,
    type,
    state,
    ...(reason !== undefined && { reason }),
    ...(code !== undefined && { code }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
    ...(cooldownUntil !== undefined && { cooldownUntil }),
    pending: isHeld ? 0 : pending,
    sending,
    held: isHeld ? pending : 0,
  };
}
