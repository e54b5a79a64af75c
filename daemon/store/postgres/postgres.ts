import { randomUUID } from 'node:crypto';
import type { Decision, Memory } from '../../core/flow/decision.ts';
import type { Event } from '../../core/event/event.ts';
import { BelfryError } from '../../core/problems/failure.ts';
import { useIdSlot } from '../../lib/id.ts';
import type { Clock } from '../../lib/time/clock.ts';
import { openCheckpoints } from '../shared/commit/checkpoints.ts';
import { findEvent, ReadySignal } from '../shared/context.ts';
import { fromColumn, Sequence } from '../shared/keys.ts';
import { DeliveryCache } from '../shared/pending/delivery-cache.ts';
import { PendingIndex } from '../shared/pending/pending-index.ts';
import { StoredPushes } from '../shared/pushes/pushes.ts';
import { pendingEntryOfRow, storedEventOf } from '../shared/rows.ts';
import type { Row } from '../shared/writes.ts';
import { StateOverlay } from '../states.ts';
import type {
  Accepted,
  Activity,
  ArrivalBatch,
  Audit,
  CheckpointStore,
  HistoryQuery,
  LatestEvents,
  Page,
  Store,
  StoreCopy,
  StoredEvent,
} from '../store.ts';
import type { PostgresContext } from './context.ts';
import { type DeliveryRequest, PostgresDeliveries } from './deliveries/deliveries.ts';
import { Committer } from './engine/committer.ts';
import { Database } from './engine/database.ts';
import { isTransient } from './engine/errors.ts';
import { acknowledged, openDeliveries, openDeliveryNames, openQueries } from './engine/queries.ts';
import { type StateRecord, versionedOf } from './engine/round.ts';
import { countersOf, withCounts } from './engine/totals.ts';
import { VersionedStates } from './engine/versioned-states.ts';
import { applyDecision, transact } from './events/ingest.ts';
import { Feed } from './feed/feed.ts';
import { Listener } from './feed/listener.ts';
import { ActivityWriter } from './history/activity.ts';
import { PostgresHistory } from './history/history.ts';
import { fileBytes } from './history/used-bytes.ts';
import { LetterRows } from './letters.ts';
import { type MemberDetails, Membership } from './members/membership.ts';
import { quotedName, refuseOtherSchema, schemaState } from './schema/migrate.ts';

export interface PostgresOptions {
  readonly url: string;
  /** Name of the schema: a plain identifier. */
  readonly schema: string;
  /** Connections for statements; one more listens. */
  readonly connections: number;
  readonly instance: string;
  /** Whether a commit waits for the disk of the server. */
  readonly synchronous: boolean;
  readonly clock: Clock;
  readonly isAlive: (pid: number) => boolean;
  /** What this instance says about itself. */
  readonly details: () => MemberDetails;
  /** Called when PostgreSQL cannot be reached, and with undefined when it can again. */
  readonly onOutage?: (reason: string | undefined) => void;
  /** Characters of memory for deliveries that were just committed. */
  readonly deliveryCache?: number;
}

const DEFAULT_DELIVERY_CACHE_CHARS = 8 * 1024 * 1024;
/** Rows of one query while the pending index is loaded. */
const LOAD_ROWS = 5000;
const START_RETRY_MS = 1000;
/** Milliseconds between two writes of what was counted. */
const COUNT_MS = 5000;

/** What `start_of` answers. */
interface Start {
  readonly known: Readonly<Record<string, number>> | null;
  readonly totals: Readonly<Record<string, number>> | null;
  readonly states: readonly StateRecord[] | null;
  readonly push_head: number;
  readonly facts: Readonly<Record<string, string>> | null;
  readonly holds: readonly number[] | null;
  readonly last: number | null;
}

/**
 * Opens the store on PostgreSQL and joins the instances that run on it. Waits while the server cannot be reached. Rejects with
 * `store.locked` (exit 75: another instance of this name lives), `store.newer` or `store.older` (exit 78: another version of the
 * schema) or `store.refused` (exit 78).
 */
export async function openPostgresStore(options: PostgresOptions): Promise<PostgresStore> {
  const { clock, onOutage } = options;
  for (;;) {
    try {
      return await PostgresStore.open(options);
    } catch (error) {
      if (!isTransient(error)) throw error;
      onOutage?.((error as Error).message);
      await new Promise<void>((resolve) => clock.after(START_RETRY_MS, resolve));
    }
  }
}

export class PostgresStore implements Store {
  readonly deliveries: PostgresDeliveries;
  readonly checkpoints: CheckpointStore;
  readonly timers: Store['timers'];
  readonly pushes: StoredPushes;
  readonly membership: Membership;
  /** Dead letters, which are rows here and lines of a file on one machine. */
  readonly letters: LetterRows;
  readonly #database: Database;
  readonly #schema: string;
  readonly #states = new VersionedStates();
  readonly #context: PostgresContext & { eventSeqs: Sequence; deliverySeqs: Sequence };
  readonly #committer: Committer;
  readonly #feed: Feed;
  readonly #listener: Listener;
  readonly #activity = new ActivityWriter();
  readonly #history: PostgresHistory;
  readonly #options: PostgresOptions;
  #rejoining: Promise<void> | undefined;
  readonly #onFatal: ((error: Error) => void)[] = [];
  #bytes = 0;
  #cancelCount: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  static async open(options: PostgresOptions): Promise<PostgresStore> {
    const schema = quotedName(options.schema);
    const database = new Database(options);
    let store: PostgresStore | undefined;
    try {
      refuseOtherSchema(await schemaState({ database, schema: options.schema }), options.schema);
      const epoch = await epochOf(database, schema);
      store = new PostgresStore(options, database, schema, epoch);
      await store.#join();
    } catch (error) {
      await (store === undefined ? database.close() : store.#stop());
      throw error;
    }
    store.membership.start();
    store.#countNowAndThen();
    store.#feed.start();
    return store;
  }

  private constructor(options: PostgresOptions, database: Database, schema: string, epoch: string) {
    const { clock, onOutage, details } = options;
    this.#options = options;
    this.#database = database;
    this.#schema = schema;
    this.letters = new LetterRows(database, schema);
    this.membership = new Membership({
      ...options,
      database,
      schema,
      details: () => ({ ...details(), channels: Object.fromEntries(this.deliveries.ownCounts().byChannel) }),
      onFenced: () => void this.#rejoin(),
    });
    const committer = new Committer({
      database,
      schema,
      states: this.#states,
      clock,
      owner: () => this.membership.owner,
      onFenced: () => this.#rejoin(),
      onCommitted: (counts) => this.#committed(counts),
      synchronous: options.synchronous,
      onOutage: (reason) => onOutage?.(reason),
    });
    this.#committer = committer;
    this.#context = {
      committer,
      queries: openQueries(database, schema, () => committer.check()),
      states: this.#states.cache,
      pending: new PendingIndex(),
      seqById: new Map(),
      deliveryCache: new DeliveryCache(options.deliveryCache ?? DEFAULT_DELIVERY_CACHE_CHARS),
      ready: new ReadySignal(),
      eventSeqs: new Sequence(0),
      deliverySeqs: new Sequence(0),
      activity: this.#activity,
      cancel: (ids) => this.deliveries.cancel(ids),
    };
    this.#history = new PostgresHistory({ database, schema, queries: this.#context.queries, activity: this.#activity });
    this.deliveries = new PostgresDeliveries(this.#context, {
      search: (step) => this.#history.search(step),
      membership: this.membership,
      now: () => clock.now(),
    });
    this.checkpoints = openCheckpoints(this.#context);
    this.pushes = new StoredPushes(this.#context, epoch, 0, () => this.#feed.wake());
    const { cache } = this.#states;
    this.timers = {
      next: () => cache.nextWake,
      due: (now, limit) => cache.due(now, limit),
      timesOf: (id) => cache.timesOf(id),
      count: () => cache.timers,
      onEarlier: (listener) => cache.onEarlier(listener),
    };
    this.#feed = new Feed({
      database,
      schema,
      clock,
      owner: () => this.membership.owner,
      onStates: (states, version) => this.#states.apply(states.map((state) => ({ ...versionedOf(state), version }))),
      onPush: (seq, push) => this.pushes.appended(seq, push),
      onRequest: (request) =>
        void this.deliveries.carryOut(request as unknown as DeliveryRequest).catch(() => undefined),
      onCounts: (counts) => this.#count(counts),
      onPoll: () => {
        const early = this.pushes.highestEarly;
        return () => this.pushes.closeGaps(early);
      },
      onEnded: () => this.#takeOver(),
      onGap: () => this.#load(),
    });
    this.#listener = new Listener({
      url: options.url,
      channel: `belfry ${options.schema}`,
      clock,
      onNotified: () => this.#feed.wake(),
    });
  }

  transact(batch: ArrivalBatch, decide: (event: Event, memory: Memory) => Decision): Promise<readonly Accepted[]> {
    return transact(this.#context, batch, decide);
  }

  applyDecision<D extends Decision>(now: number, decide: (memory: Memory) => D): Promise<D> {
    return applyDecision(this.#context, now, decide);
  }

  memory(now: number): Memory {
    return new StateOverlay(this.#states.cache, now);
  }

  async event(id: string): Promise<StoredEvent | undefined> {
    const row = await findEvent(this.#context, id);
    return row === undefined ? undefined : storedEventOf(row);
  }

  events(query: HistoryQuery): Promise<Page<StoredEvent>> {
    return this.#history.events(query);
  }

  latestEvents(options: { since: number; limit: number }): Promise<LatestEvents> {
    return this.#history.latestEvents(options);
  }

  activity(since: number): Promise<Activity> {
    return this.#history.activity(since, this.deliveries.lastDelivered.times);
  }

  trim(limits: { before: number; bytes: number }): Promise<number> {
    return this.#history.trim(limits);
  }

  audit(deadLetters: ReadonlySet<string>): Promise<Audit> {
    return this.#history.audit(deadLetters);
  }

  copy(): Promise<StoreCopy> {
    return Promise.reject(new BelfryError('store.copying', 'a store on PostgreSQL is copied with pg_dump'));
  }

  size(): number {
    return this.#bytes;
  }

  get refusing(): string | undefined {
    const { outage } = this.#committer;
    return outage === undefined ? undefined : `PostgreSQL cannot be used now: ${outage}`;
  }

  async check(): Promise<void> {
    this.#committer.check();
  }

  onFatal(listener: (error: Error) => void): void {
    this.#onFatal.push(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.pushes.flush();
    this.#cancelCount?.();
    await this.#writeActivity().catch(() => undefined);
    await this.deliveries.lastDelivered.write(this.#committer).catch(() => undefined);
    await this.#committer.drained();
    await this.#stop();
  }

  async #stop(): Promise<void> {
    this.#committer.close();
    await this.#feed.close();
    await this.membership.leave();
    this.#listener.notify();
    await this.#listener.close();
    await this.#database.close();
  }

  /** Stores what was counted, now and every few seconds. */
  #writeActivity(): Promise<void> {
    return this.#activity.write(({ ruleHour, lastUse }) =>
      this.#committer.make((round) => {
        for (const one of ruleHour) round.batch.record('ruleHour', one);
        for (const one of lastUse) round.batch.record('lastUse', one);
      }),
    );
  }

  async #measure(): Promise<void> {
    this.#bytes = await fileBytes(this.#database, this.#schema);
  }

  #countNowAndThen(): void {
    this.#cancelCount = this.#options.clock.after(COUNT_MS, () => {
      void Promise.all([this.#writeActivity(), this.#measure()])
        .catch(() => undefined)
        .then(() => this.#closing ?? this.#countNowAndThen());
    });
  }

  /** Begins a run: a lease, a slot, and the deliveries of runs that have ended. */
  async #join(): Promise<void> {
    await this.membership.join();
    const { slot } = this.membership;
    useIdSlot(slot);
    this.#context.eventSeqs = new Sequence(0, slot);
    this.#context.deliverySeqs = new Sequence(0, slot);
    this.#committer.restart();
    await this.membership.takeOver();
    this.#context.pending.clear();
    this.#context.seqById.clear();
    await this.#load();
    await this.membership.beat();
  }

  /** Another instance has taken over, because this one was silent for too long. */
  #rejoin(): Promise<void> {
    this.#rejoining ??= this.#joinAgain().finally(() => {
      this.#rejoining = undefined;
    });
    return this.#rejoining;
  }

  async #joinAgain(): Promise<void> {
    while (this.#closing === undefined) {
      try {
        return await this.#join();
      } catch (error) {
        if (!isTransient(error)) return this.#fail(error as Error);
        await new Promise<void>((resolve) => this.#options.clock.after(START_RETRY_MS, resolve));
      }
    }
  }

  #fail(error: Error): void {
    for (const listener of this.#onFatal.splice(0)) listener(error);
  }

  /** Reads everything that is kept in memory. */
  async #load(): Promise<void> {
    const start = (await this.#database.call(`${this.#schema}.start_of`, this.membership.owner)) as Start;
    this.#feed.begin(start.known ?? {});
    this.#states.load((start.states ?? []).map(versionedOf));
    this.#committer.counters = countersOf(start.totals ?? {});
    this.pushes.restart(start.push_head);
    await this.#loadPending(start.holds ?? []);
  }

  async #loadPending(owners: readonly number[]): Promise<void> {
    const { pending, seqById, ready } = this.#context;
    const entries = [];
    let after = 0;
    for (let rows: readonly Row[] = []; ; after = Number(rows.at(-1)![0])) {
      rows = await this.#database.rows(openDeliveries(this.#schema), [owners, after, LOAD_ROWS]);
      entries.push(...rows.map(pendingEntryOfRow));
      if (rows.length < LOAD_ROWS) break;
    }
    const names = (await this.#database.rows(openDeliveryNames(this.#schema), [owners])) as readonly [string, number][];
    pending.merge(entries);
    for (const [id, seq] of names) seqById.set(fromColumn(id), seq);
    for (const { channel } of pending.queues()) ready.notify(channel);
    const done = await this.#database.rows(acknowledged(this.#schema), [owners]);
    const receipt = { answer: 'acknowledged' };
    for (const [id] of done)
      void this.deliveries.settle(String(id), { state: 'delivered', receipt }).catch(() => undefined);
  }

  async #takeOver(): Promise<void> {
    const owners = await this.membership.takeOver();
    if (owners.length > 0) await this.#loadPending(owners);
  }

  #committed(counts: Readonly<Record<string, number>>): void {
    this.#count(counts);
    this.#listener.notify();
  }

  #count(counts: Readonly<Record<string, number>>): void {
    this.#committer.counters = withCounts(this.#committer.counters, counts);
  }
}

async function epochOf(database: Database, schema: string): Promise<string> {
  await database.rows(`INSERT INTO ${schema}.facts VALUES ('push_epoch', $1) ON CONFLICT DO NOTHING`, [randomUUID()]);
  const [row] = await database.rows(`SELECT value FROM ${schema}.facts WHERE name = 'push_epoch'`);
  return String(row![0]);
}
