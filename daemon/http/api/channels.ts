import type { ChannelView } from '../views.ts';

/** A channel of `GET /v1/channels`; times are RFC 3339. */
export interface ChannelDetailView extends ChannelView {
  /** Number of attempts in flight, and of messages whose receipt is awaited. */
  readonly sending: number;
  /** Absent for a removed channel. */
  readonly breaker?: BreakerView;
  /** Absent if the channel has no rate. */
  readonly rate?: RateView;
  /** Creation of the oldest delivery that has not ended. */
  readonly oldest_at?: string;
  /** Last message that was delivered, as far back as the history goes. */
  readonly last_success_at?: string;
  /** Summary of the type, and the page of its provider. Absent for a removed channel. */
  readonly summary?: string;
  readonly documentation?: string;
}

export interface BreakerView {
  readonly state: 'closed' | 'open';
  /** Failures in a row. */
  readonly failures: number;
  /** Next probe while it is open. */
  readonly probe_at?: string;
}

/** Rate limit of a channel: at most `count` attempts in any `per`. */
export interface RateView {
  readonly count: number;
  /** Duration: `1m`. */
  readonly per: string;
  /** Attempts that may begin now. */
  readonly left: number;
  /** Time of the next attempt, if none is left. */
  readonly next_at?: string;
}
