import type { Notifier } from '../../channels/channel.ts';
import type { Delivery } from '../../core/delivery/delivery.ts';
import type { EventInput } from '../../core/event/event.ts';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import type { ChannelConfig } from '../../core/ruleset.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Log } from '../../lib/log.ts';
import type { Scrubber } from '../../lib/secrets/scrubber.ts';
import type { Settlement, Store } from '../../store/store.ts';
import type { DeadLetters } from '../dead-letters/dead-letters.ts';

/** What became of a delivery, for whoever watches: the feed, the metrics, those who wait. */
export interface LaneObserver {
  attempted(channel: string, milliseconds: number): void;
  settled(delivery: Delivery, settlement: Settlement): void;
}

/** What all lanes share. */
export interface LaneParts {
  readonly store: Store;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  /** [0, 1) */
  readonly random: () => number;
  readonly newId: () => string;
  readonly log: Log;
  readonly scrubber: Scrubber;
  /** The daemon's own events. */
  readonly notices: (event: EventInput) => void;
  readonly observer: LaneObserver;
  readonly open: (config: ChannelConfig) => Notifier;
  /** Aborts when a stop has no more patience: attempts end, and nothing waits for room on the disk any longer. */
  readonly killed: AbortSignal;
  /** The live configuration of another channel, for fallbacks. */
  readonly channel: (name: string) => ChannelConfig | undefined;
}

export type LaneState = 'ok' | 'failing' | 'misconfigured' | 'paused' | 'removed';

export interface HealthStatus {
  readonly state: LaneState;
  readonly reason: string | undefined;
  /** Milliseconds since the epoch; while the far side limits the rate, or after trouble of our own. */
  readonly restingUntil?: number;
}

export interface LaneStatus {
  readonly name: string;
  readonly type: string;
  readonly state: LaneState;
  readonly reason?: string;
  /** RFC 3339. */
  readonly since?: string;
  /** Milliseconds since the epoch: nothing is sent before. */
  readonly restingUntil?: number;
  readonly pending: number;
  readonly sending: number;
  readonly held: number;
}

/** While a channel is held, what is pending is held. */
export function statusOf(
  { name, type }: ChannelConfig,
  { state, reason, restingUntil }: HealthStatus,
  { pending, sending }: { readonly pending: number; readonly sending: number },
): LaneStatus {
  const held = state === 'paused' || state === 'misconfigured';
  return {
    name,
    type,
    state,
    ...(reason !== undefined && { reason }),
    ...(restingUntil !== undefined && { restingUntil }),
    pending: held ? 0 : pending,
    sending,
    held: held ? pending : 0,
  };
}

/** What a lane remembers over restarts, as marks of its scope. */
export interface Hold {
  /** RFC 3339. */
  readonly at: string;
  readonly code?: string;
  readonly message?: string;
  /** The settings that were refused: other ones deserve another try. */
  readonly fingerprint?: string;
}

/** Logs why a lane sends nothing for a while, or at all. Returns whether the disk has failed. */
export function reportTrouble(log: Log, name: string, error: unknown, delivery?: Delivery): boolean {
  const { message, stack } = error as Error;
  const coded = error instanceof BelfryError ? error : undefined;
  const failed = coded?.exit === EXIT.disk;
  log.error(
    { ...(delivery && { delivery: delivery.id }), error: message, ...(coded === undefined && { stack }) },
    `${name}: ${failed ? 'the disk failed; nothing more is sent' : 'trouble of our own; nothing is sent for a minute'}`,
  );
  return failed;
}
