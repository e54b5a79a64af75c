/** Facts that a running source knows about itself, for `GET /v1/sources`. Times are RFC 3339; durations are written like `1h30m`. */
export interface SourceFacts {
  readonly schedule?: ScheduleFacts;
  readonly requests?: RequestFacts;
  readonly files?: FileFacts;
  readonly beats?: BeatFacts;
}

/** Due times. */
export interface ScheduleFacts {
  /** The setting: a cron pattern, an interval, or times. */
  readonly when: string;
  readonly timezone?: string;
  /** Last due time that was handled, and the next one; absent if there is none. */
  readonly last_at?: string;
  readonly next_at?: string;
}

/** Requests to a route since the start of the source. */
export interface RequestFacts {
  readonly path: string;
  readonly methods: readonly string[];
  /** Whether senders must prove who they are. */
  readonly verified: boolean;
  readonly accepted: number;
  readonly refused: number;
  readonly last_accepted?: RequestRecord;
  readonly last_refused?: RequestRecord;
}

export interface RequestRecord {
  readonly at: string;
  /** HTTP status of the answer. */
  readonly status: number;
  /** IP address of the client. */
  readonly remote: string;
  /** Reason of a refusal. */
  readonly reason?: string;
}

/** Watched files. */
export interface FileFacts {
  readonly paths: readonly string[];
  readonly files: number;
  readonly folders: number;
}

/** Beats that are expected. */
export interface BeatFacts {
  /** Interval or cron pattern of the settings. */
  readonly when: string;
  readonly timezone?: string;
  readonly grace?: string;
  /** Number of keys by state; a source without keys has one heartbeat. */
  readonly counts: Readonly<Record<BeatState, number>>;
  /** The heartbeats, the worst first; at most 500. */
  readonly list: readonly BeatFact[];
  /** The last pings since the start of the source, the newest first. */
  readonly log: readonly PingRecord[];
}

export type BeatState = 'new' | 'up' | 'late' | 'down';

export interface BeatFact {
  /** Absent for a source without keys. */
  readonly key?: string;
  readonly state: BeatState;
  readonly last_beat_at?: string;
  /** Start of the period in which the next beat is due: the last beat, or later if beats may have been lost. */
  readonly since: string;
  /** Times from which the next beat is late, and from which it is missed. */
  readonly due_at?: string;
  readonly deadline_at?: string;
  /** Start of a run of the job that has not ended. */
  readonly running_since?: string;
  readonly down_since?: string;
  readonly cause?: 'missed' | 'failed';
}

export interface PingRecord {
  readonly at: string;
  readonly kind: 'beat' | 'start' | 'fail';
  readonly key?: string;
  readonly exit_code?: number;
  /** Whether it was a request, or an event of another source. */
  readonly by: 'request' | 'event';
}
