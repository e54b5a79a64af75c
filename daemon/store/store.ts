import type {
  Decision,
  LaterResult,
  Memory,
  OwedDelivery,
  RuleResult,
  StateChange,
  StatePlace,
} from '../core/flow/decision.ts';
import type { Attempt, DeadClass, DeadError, Delivery, DeliveryState, Receipt } from '../core/delivery/delivery.ts';
import type { Event } from '../core/event/event.ts';

/**
 * Where everything that must not be lost lies. The embedded store is SQLite; a clustered one may stand beside it, so nothing
 * above this contract assumes that it is the only instance. Every implementation runs `test/store/contract/contract.ts`.
 *
 * Times are milliseconds since the epoch. What resolves is durable. Errors are `BelfryError`s: `store.full` (the disk has no
 * room: nothing was changed, try later), `store.failed` (an fsync or the medium failed: nothing can be promised any more,
 * `onFatal` was called), `store.locked` (another process owns this state, exit 75), `store.conflict` (the same
 * Idempotency-Key with another body).
 */
export interface Store {
  /**
   * Takes events in: for each one that is not a duplicate `decide` is called with the present states, and its decision is
   * committed. All of one call are committed in one transaction, or none. Calls are group-committed; `decide` sees the
   * changes of earlier ones that are not on disk yet, and if their commit fails, all that was decided upon them fails too.
   */
  transact(batch: ArrivalBatch, decide: (event: Event, memory: Memory) => Decision): Promise<readonly Accepted[]>;
  /** Decides what no event caused (a timer, a person, new rules) with the present states, and commits it in the same order as events. */
  applyDecision<D extends Decision>(now: number, decide: (memory: Memory) => D): Promise<D>;
  /** The present states, for looking at. */
  memory(now: number): Memory;
  readonly timers: TimerStore;

  readonly deliveries: DeliveryStore;
  readonly checkpoints: CheckpointStore;
  readonly pushes: PushStore;

  event(id: string): Promise<StoredEvent | undefined>;
  /** Events that fit, by time of arrival; a page at a time. */
  events(query: HistoryQuery): Promise<Page<StoredEvent>>;
  /** The latest events that came after `since`, the newest first; fewer than there are when they take much room. */
  latestEvents(options: { since: number; limit: number }): Promise<LatestEvents>;
  /** Forgets settled history older than `before`, and beyond `bytes` of it, oldest first; never what is still owed or dead. Returns the number of events forgotten. */
  trim(limits: { before: number; bytes: number }): Promise<number>;
  /** Counts and contradictions over everything stored; `deadLetters` are the ids in the dead-letter file. */
  audit(deadLetters: ReadonlySet<string>): Promise<Audit>;
  /** Bytes that events and deliveries take on disk; an estimate good enough for a limit. */
  size(): number;
  /** Why no new event is taken (the disk is full, or failed); undefined while they are. Cheap. */
  readonly refusing: string | undefined;
  /** Looks at the disk while nothing is written: sets or ends `refusing`, and fails (`onFatal`) when the files of the store are gone. To be called each second. */
  check(): Promise<void>;
  onFatal(listener: (error: Error) => void): void;
  close(): Promise<void>;
}

/** The states that are to be woken. */
export interface TimerStore {
  /** When the earliest is due. Cheap. */
  next(): number | undefined;
  /** Those whose time has come, earliest first; they stay due until a decision changes them. */
  due(now: number, limit: number): readonly StatePlace[];
  /** Until when a state means anything, and when it is to be woken; undefined when there is none. */
  timesOf(place: StatePlace): Pick<StateChange, 'expires' | 'wake'> | undefined;
  /** About how many there are. */
  count(): number;
  /** Called when `next` has become earlier. */
  onEarlier(listener: () => void): void;
}

export interface ArrivalBatch {
  readonly arrivals: readonly Arrival[];
  /** The request's Idempotency-Key and a hash of its body: the same key and hash again returns the first answer as duplicates. */
  readonly idempotency?: { readonly key: string; readonly bodyHash: string };
  readonly now: number;
}

export interface Arrival {
  readonly event: Event;
  /** The id was chosen by the sender, so the same `source` + `id` may have been here before (within retention). */
  readonly mayRepeat: boolean;
  /** Whether a repeated `source` + `id` is the same event again; without it, it always is. One that is not is refused with `store.conflict`. */
  readonly isSame?: ((first: Event, again: Event) => boolean) | undefined;
  /** Committed with the event, also when it turns out to be a duplicate. */
  readonly checkpoints?: readonly { readonly scope: string; readonly entries: readonly Checkpoint[] }[];
}

export interface Accepted {
  readonly id: string;
  readonly duplicate: boolean;
  /** The ids of the deliveries it caused; those of the first time for a duplicate. */
  readonly deliveries: readonly string[];
  /** Absent for a duplicate. */
  readonly decision?: Decision;
}

export interface StoredEvent {
  readonly event: Event;
  readonly receivedAt: number;
  /** rule -> outcome when it came, without `no_match`. */
  readonly outcomes: Readonly<Record<string, string>>;
  /** What was decided when it came. */
  readonly results: readonly RuleResult[];
  /** What became of it since, in order. */
  readonly later: readonly LaterResult[];
}

export interface LatestEvents {
  readonly events: readonly StoredEvent[];
  /** There are no more of them that are not large. */
  readonly isComplete: boolean;
}

export interface DeliveryStore {
  /**
   * Up to `limit` deliveries of a channel that are due, earliest first; each is handed out once until it is settled or
   * released. With `ordered`, none whose key has an earlier one that is not settled. Memory stays bounded whatever the backlog.
   */
  claim(channel: string, options: { limit: number; now: number; ordered: boolean }): Promise<readonly Delivery[]>;
  /** Claims up to `limit` deliveries of a channel whose `expiresAt`, or `until` while they await a receipt, has passed, whatever they are due. */
  claimExpired(channel: string, options: { limit: number; now: number }): Promise<readonly Delivery[]>;
  /** When the next unclaimed one of a channel is due; undefined when there is none. Cheap. */
  nextDue(channel: string): number | undefined;
  /** When the next one expires (`claimExpired`). Cheap. */
  nextExpiry(channel: string): number | undefined;
  /** Ends a claim, or a wait for a receipt. Rides on the next group commit. Settling what is settled already changes nothing. */
  settle(id: string, settlement: Settlement): Promise<void>;
  /** Cancels those of these that are pending and not claimed. */
  cancel(ids: readonly string[]): Promise<void>;
  /** Gives claims back unchanged. */
  release(ids: readonly string[]): void;
  /** The deliveries of a channel that wait for a retry (those that have attempts) become due now. */
  retryNow(channel: string, now: number): Promise<void>;
  /** Moves what waits until after `now` for its first attempt to when `dueAt` says, and its expiry with it; undefined leaves it. */
  reschedule(now: number, dueAt: (delivery: Delivery, dueAt: number) => number | undefined): Promise<void>;
  /** Owes a delivery that no event decision made (a fallback, a requeue). The same id again changes nothing. */
  enqueue(owed: readonly OwedDelivery[]): Promise<void>;
  /** A dead delivery that a person resent or dropped. `delivered` keeps the receipt. */
  resolveDead(
    id: string,
    end: { state: 'delivered'; attempt: Attempt; receipt: Receipt } | { state: 'cancelled' },
  ): Promise<void>;
  find(id: string): Promise<StoredDelivery | undefined>;
  ofEvent(eventId: string): Promise<readonly StoredDelivery[]>;
  /** Deliveries that fit, by time of their making; a page at a time. */
  page(query: HistoryQuery): Promise<Page<StoredDelivery>>;
  /** Live counts by channel, and totals since the store was made. Cheap. */
  counts(): DeliveryCounts;
  /** Channels that have live deliveries, also those that the configuration no longer has. */
  channels(): readonly string[];
  /** Called when a channel has something new to claim. */
  onReady(listener: (channel: string) => void): void;
}

/** Everything given must fit; times in milliseconds, `until` not included. */
export interface HistoryFilter {
  readonly since?: number;
  readonly until?: number;
  readonly source?: string;
  /** Exactly, or with `*`. */
  readonly type?: string;
  /** The event's id. */
  readonly event?: string;
  readonly rule?: string;
  readonly outcome?: string;
  readonly channel?: string;
  /** Any of these; of deliveries only. */
  readonly states?: readonly StoredDelivery['state'][];
  readonly key?: string;
  /** Part of any text in it, in upper or lower case. */
  readonly text?: string;
}

export interface HistoryQuery extends HistoryFilter {
  readonly limit: number;
  readonly order: 'asc' | 'desc';
  /** Where the page before ended. Rejects with `history.cursor` when it is none. */
  readonly cursor?: string;
}

/** `next` is the cursor of the page after this one; absent when there is none. A page may be short, and still have a next one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

export interface StoredDelivery {
  readonly delivery: Delivery;
  /** `held` is never stored: it follows from the channel's state. */
  readonly state: Exclude<DeliveryState, 'held'>;
  readonly dueAt?: number;
  readonly receipt?: Receipt;
  readonly error?: DeadError & { readonly class: DeadClass };
}

export type Settlement =
  | { readonly state: 'delivered'; readonly attempt?: Attempt; readonly receipt: Receipt }
  | { readonly state: 'pending'; readonly attempt?: Attempt; readonly dueAt: number }
  /** Handed over; the receipt is awaited until then. */
  | { readonly state: 'sending'; readonly attempt: Attempt; readonly until: number }
  /** The dead letter must be on disk already. `fallback` is owed in the same transaction. */
  | {
      readonly state: 'dead';
      readonly attempt?: Attempt;
      readonly class: DeadClass;
      readonly error: DeadError;
      readonly fallback?: OwedDelivery;
    }
  | { readonly state: 'cancelled' };

export interface DeliveryCounts {
  readonly byChannel: ReadonlyMap<
    string,
    { readonly pending: number; readonly sending: number; readonly oldest?: number }
  >;
  readonly delivered: number;
  readonly dead: number;
}

/** Small facts by scope (`source:inbox`, `channel:ops`) that must outlive a restart. */
export interface Checkpoint {
  readonly key: string;
  /** null deletes the key. */
  readonly value: string | null;
}

export interface CheckpointStore {
  read(scope: string): Promise<ReadonlyMap<string, string>>;
  write(scope: string, entries: readonly Checkpoint[]): Promise<void>;
}

/** A push as it is sent: its number, and what it says as JSON. */
export interface PushedFrame {
  readonly seq: number;
  readonly frame: string;
}

/** Messages for WebSocket users. One sequence for all; what a user sees is what is addressed to them or to `*`. */
export interface PushStore {
  /** Changes when the sequence began anew (a lost state directory), so that a client's old `seq` is not believed. */
  readonly epoch: string;
  /** The same delivery again returns the first `seq`. */
  append(push: {
    delivery: string;
    to: readonly string[];
    require: 'any' | 'all';
    frame: string;
    at: number;
    keepUntil: number;
  }): Promise<number>;
  /** What a user has not been sent after `seq`, oldest first, unexpired. */
  since(user: string, seq: number, options: { limit: number; now: number }): Promise<readonly PushedFrame[]>;
  /** The same out of memory; undefined when only the disk knows. */
  cached(user: string, seq: number, options: { limit: number; now: number }): readonly PushedFrame[] | undefined;
  /** The highest `seq` a user acknowledged. A user never seen before begins at the oldest push that nobody has acknowledged. */
  cursor(user: string, now: number): Promise<number>;
  /** Cumulative. Returns the deliveries that this acknowledgement completes (`any`: the first one; `all`: every named user). */
  ack(user: string, seq: number, now: number): Promise<readonly string[]>;
  /** As `ack`, by somebody who waits for no answer: that a user has come further may be written down a moment later, unless it completes something. */
  ackDeferred(user: string, seq: number, now: number): Promise<readonly string[]>;
  head(): number;
  trim(now: number): Promise<void>;
}

export interface Audit {
  readonly events: Readonly<Record<string, number>>;
  readonly deliveries: Readonly<Record<string, number>>;
  readonly violations: readonly string[];
}
