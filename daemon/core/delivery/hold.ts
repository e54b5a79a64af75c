/** Longest time after which a hold ends by itself. */
export const MAX_HOLD_MS = 365 * 86_400_000;

/** Request of a person to hold a channel. */
export interface HoldRequest {
  /** Milliseconds after which the hold ends by itself; without it, a release ends it. */
  readonly ms?: number;
  readonly reason?: string;
  /** Name of the person. */
  readonly by?: string;
}

/** Hold of a channel by a person, as it is stored and shown. */
export interface ManualHold {
  /** RFC 3339. */
  readonly at: string;
  /** RFC 3339; not set if only a release ends it. */
  readonly until?: string;
  readonly by?: string;
  readonly reason?: string;
}
