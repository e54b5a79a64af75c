import type { Decision, Memory, StateChange, StateKey } from '../core/flow/decision.ts';
import type { Event } from '../core/event/event.ts';
import type { ClusterStatus } from './cluster.ts';
import type { DeliveryStore } from './delivery-store.ts';
import type { Activity, HistoryQuery, Page, StoredEvent } from './history.ts';
import type { PushStore } from './push-store.ts';

export type * from './cluster.ts';
export type * from './delivery-store.ts';
export type * from './history.ts';
export type * from './push-store.ts';

/**
 * Contract of every store: SQLite in the state directory today, other databases beside it. `test/store/contract/` checks it
 * for each implementation; nothing above this contract may assume that it is the only instance.
 *
 * **Units.** Times are milliseconds since the epoch, sizes are bytes, ids are any text (NUL and lone surrogates included), and
 * every value comes back exactly as it was given.
 *
 * **Durability.** When a promise of a method that writes resolves, its change survives a crash and a power cut. Before that,
 * no other method returns the change, except rule states: later decisions, `memory` and `timers` see them at once.
 *
 * **Atomicity.** Each call of `transact` and `applyDecision`, each `settle` with its fallback, and each checkpoint write is one
 * transaction: all of it is stored or none. `Decision.cancels` is carried out after that transaction. The store may commit
 * several calls together (group commit).
 *
 * **Order.** Decisions are made one after another in the order of the calls. When a commit fails, every decision that was made
 * on top of it fails too.
 *
 * **Errors** are `BelfryError`s:
 *
 * | code | meaning | state afterwards |
 * | --- | --- | --- |
 * | `store.full` | the disk has no space for new events | nothing was changed; the caller may try again |
 * | `store.conflict` | same Idempotency-Key or event id, other content | nothing was changed |
 * | `store.broken` | a bug in the store | nothing was changed |
 * | `store.failed` (exit 74) | an fsync or the medium failed | every later call fails; `onFatal` was called |
 * | `store.malformed` (exit 78) | a file of the store is damaged or foreign | as `store.failed` |
 * | `store.copying` | another copy is under way | nothing was changed |
 * | `store.closed` | `close` was called | |
 * | `store.locked` (exit 75), `store.newer` (exit 78) | while opening: in use, written by a later version | nothing was changed |
 */
export interface Store {
  /**
   * Stores new events with their decisions. `decide` is called synchronously and in order, with the rule states as left by all earlier
   * decisions. It is called again for the same event when another instance has changed a state that it read, and may be called for an
   * event that turns out to be a duplicate: only the decision in the answer has an effect, so `decide` must have none of its own. An
   * error that `decide` throws rejects the call and undoes it whole. Answers are in the order of `batch.arrivals`.
   */
  transact(batch: ArrivalBatch, decide: (event: Event, memory: Memory) => Decision): Promise<readonly Accepted[]>;

  /**
   * Makes and stores a decision that no event caused: a timer, a person, new rules. Shares one order with `transact`.
   * Deliveries and later results are attached to their events; without a stored event they are stored alone.
   */
  applyDecision<D extends Decision>(now: number, decide: (memory: Memory) => D): Promise<D>;

  /** Rule states at `now`, to be read only; may be ahead of the disk by the decisions that are being committed. */
  memory(now: number): Memory;

  readonly timers: TimerStore;
  readonly deliveries: DeliveryStore;
  readonly checkpoints: CheckpointStore;
  readonly pushes: PushStore;
  /** Permits of rates that hold over all instances; undefined where this is the only one. */
  readonly rates?: SharedRates;

  /** The instances that share the store; undefined for a store that one instance has alone. */
  readonly cluster?: ClusterStatus;

  /** The latest event with this id, from any source. */
  event(id: string): Promise<StoredEvent | undefined>;

  /** Events that match the query, by time of arrival, one page at a time. Rejects with `history.cursor` for an invalid cursor. */
  events(query: HistoryQuery): Promise<Page<StoredEvent>>;

  /** Events received at or after `since`, newest first. Leaves out large events and stops early to bound memory. */
  latestEvents(options: { since: number; limit: number }): Promise<LatestEvents>;

  /**
   * Last uses of rules, channels and silences, with the outcomes of rules by hour since `since`, at most two days ago. An event is
   * counted at its arrival, a later result at its own time.
   */
  activity(since: number): Promise<Activity>;

  /**
   * Deletes events received before `before`, and the oldest ones while the tables take more than `bytes`, with their
   * deliveries. Keeps an event as long as one of its deliveries is not final or is dead. Resolves to the number of events
   * deleted. Works in several transactions.
   */
  trim(limits: { before: number; bytes: number }): Promise<number>;

  /** Counts of everything stored, and every contradiction found in it. `deadLetters` are the ids in the dead-letter file. */
  audit(deadLetters: ReadonlySet<string>): Promise<Audit>;

  /**
   * Begins a copy of everything that is committed now; commits go on meanwhile. The caller ends it. Rejects with `store.copying` while
   * another copy is under way.
   */
  copy(): Promise<StoreCopy>;

  /** Bytes that the store takes on disk, estimated between measurements. From memory. */
  size(): number;

  /** Reason why new events are refused (disk full or failed); undefined while they are accepted. From memory. */
  readonly refusing: string | undefined;

  /**
   * Checks the disk while nothing is written: updates `refusing`, and fails (`onFatal`) when the files of the store were
   * removed. Called once a second.
   */
  check(): Promise<void>;

  /** Called once when the store fails for good (`store.failed`, `store.malformed`). */
  onFatal(listener: (error: Error) => void): void;

  /** Called when the daemon stops: what would wait for a store that cannot be reached rejects with `store.unavailable` from now on. */
  endWaits(): void;

  /** Resolves when all pending writes are on disk and the store is released for other processes. May be called twice. */
  close(): Promise<void>;
}

/** Events of one request, stored in one transaction. */
export interface ArrivalBatch {
  readonly arrivals: readonly Arrival[];
  /** Idempotency-Key of the request and a hash of its body: the same pair again gets the first answer, marked as duplicates. */
  readonly idempotency?: { readonly key: string; readonly bodyHash: string };
  /** Time of arrival. */
  readonly now: number;
}

export interface Arrival {
  readonly event: Event;
  /** True when the sender chose the id: an event of the same `source` and `id` may be stored already, and is then a duplicate. */
  readonly mayRepeat: boolean;
  /** Distinguishes a duplicate from another event with the same `source` and `id`, which is refused with `store.conflict`. Default: always a duplicate. */
  readonly isSame?: ((first: Event, again: Event) => boolean) | undefined;
  /** Checkpoints to be stored in the same transaction, for a duplicate too. */
  readonly checkpoints?: readonly { readonly scope: string; readonly entries: readonly Checkpoint[] }[];
}

export interface Accepted {
  readonly id: string;
  readonly duplicate: boolean;
  /** Ids of the event's deliveries; of the first time for a duplicate. */
  readonly deliveries: readonly string[];
  /** Absent for a duplicate. */
  readonly decision?: Decision;
}

export interface LatestEvents {
  readonly events: readonly StoredEvent[];
  /** True when no event is missing except large ones. */
  readonly isComplete: boolean;
}

/** Timers of rule states: every state with a `wake` time has one. All methods answer from memory. */
export interface TimerStore {
  /** Due time of the earliest timer. */
  next(): number | undefined;
  /** States whose timer is due, earliest first; they stay due until a decision changes them. */
  due(now: number, limit: number): readonly StateKey[];
  /** Expiry and due time of one state; undefined when there is none. */
  timesOf(stateKey: StateKey): Pick<StateChange, 'expires' | 'wake'> | undefined;
  /** Number of timers; may include a few that were replaced. */
  count(): number;
  /** Called when `next` has become earlier. */
  onEarlier(listener: () => void): void;
}

/** Rates of channels over all instances. */
export interface SharedRates {
  /**
   * Asks for up to `wanted` attempts of a channel that may make `count` in any `per` milliseconds. Each permit is good for `validFor`
   * milliseconds from the call on. With none granted, `wait` is the number of milliseconds until there may be one.
   */
  take(
    channel: string,
    rate: { readonly count: number; readonly per: number },
    wanted: number,
  ): Promise<{ readonly granted: number; readonly validFor: number; readonly wait: number }>;
}

/** Small texts by scope (`source:inbox`, `channel:ops`) and key that outlive a restart, such as offsets in a file. */
export interface CheckpointStore {
  read(scope: string): Promise<ReadonlyMap<string, string>>;
  /** One value, as of the last commit. */
  get(scope: string, key: string): Promise<string | undefined>;
  write(scope: string, entries: readonly Checkpoint[]): Promise<void>;
  /** Called when another instance has written checkpoints of a scope `channel:NAME`. */
  onChanged(listener: (scope: string) => void): void;
}

export interface Checkpoint {
  readonly key: string;
  /** null deletes the key. */
  readonly value: string | null;
}

/** Copy of a store that is being made. */
export interface StoreCopy {
  /** Version of the tables. */
  readonly schema: number;
  readonly files: readonly CopiedFile[];
  /** Resolves to false if the copy cannot be used, because the store could not wait for its end. */
  end(): Promise<boolean>;
}

export interface CopiedFile {
  /** Name in the state directory. */
  readonly name: string;
  readonly size: number;
  blocks(): AsyncIterable<Buffer>;
}

export interface Audit {
  /** Number of stored events by outcome. */
  readonly events: Readonly<Record<string, number>>;
  /** Number of stored deliveries by state. */
  readonly deliveries: Readonly<Record<string, number>>;
  /** One sentence for each contradiction; empty in a sound store. */
  readonly violations: readonly string[];
}
