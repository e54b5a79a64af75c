import { randomUUID } from 'node:crypto';
import type { Decision, Memory } from '../../core/flow/decision.ts';
import type { Event } from '../../core/event/event.ts';
import { usePgDump } from '../../core/problems/pg-dump.ts';
import { findEvent } from '../shared/context.ts';
import { StoredPushes } from '../shared/pushes/pushes.ts';
import { storedEventOf } from '../shared/rows.ts';
import { type StateCache, StateOverlay } from '../states.ts';
import type {
  Accepted,
  Activity,
  ArrivalBatch,
  Audit,
  HistoryQuery,
  LatestEvents,
  Page,
  Store,
  StoreCopy,
  StoredEvent,
} from '../store.ts';
import { type DeliveryRequest, PostgresDeliveries } from './deliveries/deliveries.ts';
import { Committer, type CommitterDeps } from './engine/committer.ts';
import { Database } from './engine/database.ts';
import { isTransient, causeOf } from './engine/errors.ts';
import { openQueries } from './engine/queries.ts';
import { versionedOf } from './engine/round.ts';
import { withCounts } from './engine/totals.ts';
import { VersionedStates } from './engine/versioned-states.ts';
import { applyDecision, transact } from './events/ingest.ts';
import { Feed, type FeedDeps } from './feed/feed.ts';
import { Listener } from './feed/listener.ts';
import { type CheckpointsWritten, SharedCheckpoints } from './feed/shared-checkpoints.ts';
import { ActivityWriter } from './history/activity.ts';
import { PostgresHistory } from './history/history.ts';
import { Upkeep } from './history/upkeep.ts';
import { LetterRows } from './letters.ts';
import { Membership, type MembershipDeps } from './members/membership.ts';
import { emptyContext, InstanceRun, type RunContext } from './members/run.ts';
import type { PostgresOptions } from './options.ts';
import { quotedName, refuseOtherSchema, schemaState } from './schema/migrate.ts';

const DEFAULT_DELIVERY_CACHE_CHARS = 8 * 1024 * 1024;
const START_RETRY_MS = 1000;
/** Milliseconds after which an instance wakes a state that another one should have woken. */
const OTHERS_TIMER_MS = 3000;

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
      onOutage?.(causeOf(error));
      await new Promise<void>((resolve) => clock.after(START_RETRY_MS, resolve));
    }
  }
}

export class PostgresStore implements Store {
  readonly deliveries: PostgresDeliveries;
  readonly checkpoints: SharedCheckpoints;
  readonly timers: Store['timers'];
  readonly pushes: StoredPushes;
  readonly membership: Membership;
  /** Dead letters, which are rows here and lines of a file on one machine. */
  readonly letters: LetterRows;
  readonly #database: Database;
  readonly #states = new VersionedStates((stateKey) =>
    this.membership.isResponsibleFor(stateKey) ? 0 : OTHERS_TIMER_MS,
  );
  readonly #context: RunContext;
  readonly #committer: Committer;
  readonly #feed: Feed;
  readonly #listener: Listener;
  readonly #activity = new ActivityWriter();
  readonly #history: PostgresHistory;
  readonly #run: InstanceRun;
  readonly #schemaName: string;
  readonly #onFatal: ((error: Error) => void)[] = [];
  readonly #upkeep: Upkeep;
  #closing: Promise<void> | undefined;

  static async open(options: PostgresOptions): Promise<PostgresStore> {
    const schema = quotedName(options.schema);
    const database = new Database(options);
    let store: PostgresStore | undefined;
    try {
      refuseOtherSchema(await schemaState({ database, schema: options.schema }), options.schema);
      const epoch = await epochOf(database, schema);
      store = new PostgresStore(options, database, schema, epoch);
      await store.#run.join();
    } catch (error) {
      await (store === undefined ? database.close() : store.#stop());
      throw error;
    }
    store.membership.start();
    store.#upkeep.start();
    store.#feed.start();
    return store;
  }

  private constructor(options: PostgresOptions, database: Database, schema: string, epoch: string) {
    const { clock, onOutage, details } = options;
    this.#database = database;
    this.#schemaName = options.schema;
    this.letters = new LetterRows(database, schema);
    this.membership = new Membership({
      ...options,
      database,
      schema,
      ...this.#memberHooks(details),
    });
    this.#committer = new Committer({
      database,
      schema,
      states: this.#states,
      clock,
      owner: () => this.membership.owner,
      synchronous: options.synchronous,
      ...this.#commitHooks(onOutage),
    });
    const committer = this.#committer;
    const queries = openQueries(database, schema, () => committer.check());
    this.#context = {
      ...emptyContext(options.deliveryCache ?? DEFAULT_DELIVERY_CACHE_CHARS),
      committer,
      queries,
      states: this.#states.cache,
      activity: this.#activity,
      cancel: (ids) => this.deliveries.cancel(ids),
    };
    this.#history = new PostgresHistory({ database, schema, queries, activity: this.#activity });
    this.#upkeep = new Upkeep({ database, schema, clock, activity: this.#activity, committer });
    this.deliveries = new PostgresDeliveries(this.#context, {
      search: (step) => this.#history.search(step),
      membership: this.membership,
      now: () => clock.now(),
    });
    this.checkpoints = new SharedCheckpoints(this.#context);
    this.pushes = new StoredPushes(this.#context, epoch, 0, () => this.#feed.wake());
    this.timers = timersOf(this.#states.cache);
    const fed = this.#fed();
    this.#feed = new Feed({
      database,
      schema,
      clock,
      owner: () => this.membership.owner,
      ...fed,
    });
    this.#listener = new Listener({
      url: options.url,
      channel: `belfry ${options.schema}`,
      clock,
      onNotified: () => this.#feed.wake(),
    });
    this.#run = new InstanceRun({
      database,
      schema,
      clock,
      membership: this.membership,
      committer,
      states: this.#states,
      context: this.#context,
      pushes: this.pushes,
      deliveries: this.deliveries,
      feed: this.#feed,
      onFatal: (error) => this.#fail(error),
    });
  }

  #memberHooks(
    details: PostgresOptions['details'],
  ): Pick<MembershipDeps, 'details' | 'onFenced' | 'onMembers' | 'onAnswer'> {
    return {
      details: () => ({ ...details(), channels: Object.fromEntries(this.deliveries.ownCounts().byChannel) }),
      onFenced: () => void this.#run.joinAgain(),
      onMembers: () => this.#states.cache.restartTimers(),
      onAnswer: (reason) => this.#committer.noteOutage(reason),
    };
  }

  #commitHooks(onOutage: PostgresOptions['onOutage']): Pick<CommitterDeps, 'onFenced' | 'onCommitted' | 'onOutage'> {
    return {
      onFenced: () => this.#run.joinAgain(),
      onCommitted: (counts, chars) => this.#committed(counts, chars),
      onOutage: (reason) => onOutage?.(reason),
    };
  }

  #fail(error: Error): void {
    for (const listener of this.#onFatal.splice(0)) listener(error);
  }

  /** Uses of what the other instances have committed. */
  #fed(): Pick<FeedDeps, 'onStates' | 'onPush' | 'onRequest' | 'onCounts' | 'onPoll' | 'onEnded' | 'onGap'> {
    return {
      onStates: (states, version) => this.#states.apply(states.map((state) => ({ ...versionedOf(state), version }))),
      onPush: (seq, push) => this.pushes.appended(seq, push),
      onRequest: (request) => this.#carryOut(request as unknown as DeliveryRequest | CheckpointsWritten),
      onCounts: (counts) => this.#count(counts),
      onPoll: () => {
        const early = this.pushes.highestEarly;
        return () => this.pushes.closeGaps(early);
      },
      onEnded: () => this.#run.takeOver(),
      onGap: () => this.#run.load(),
    };
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

  async trim(limits: { before: number; bytes: number }): Promise<number> {
    const { deleted, bytes } = await this.#history.trim(limits);
    this.#upkeep.bytes = bytes;
    return deleted;
  }

  audit(deadLetters: ReadonlySet<string>): Promise<Audit> {
    return this.#history.audit(deadLetters);
  }

  copy(): Promise<StoreCopy> {
    return Promise.reject(usePgDump(this.#schemaName));
  }

  size(): number {
    return this.#upkeep.bytes;
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
    await this.#upkeep.close();
    await this.deliveries.lastDelivered.write(this.#committer).catch(() => undefined);
    await this.#committer.drained();
    await this.#stop();
  }

  async #stop(): Promise<void> {
    this.#committer.close();
    this.#run.close();
    await this.#feed.close();
    await this.membership.leave();
    this.#listener.notify();
    await this.#listener.close();
    await this.#database.close();
  }

  #committed(counts: Readonly<Record<string, number>>, chars: number): void {
    this.#count(counts);
    this.#upkeep.bytes += chars;
    this.#listener.notify();
  }

  #carryOut(request: DeliveryRequest | CheckpointsWritten): void {
    if (request.kind === 'checkpoints') this.checkpoints.written(request);
    else void this.deliveries.carryOut(request).catch(() => undefined);
  }

  #count(counts: Readonly<Record<string, number>>): void {
    this.#committer.counters = withCounts(this.#committer.counters, counts);
  }
}

function timersOf(cache: StateCache): Store['timers'] {
  return {
    next: () => cache.nextWake,
    due: (now, limit) => cache.due(now, limit),
    timesOf: (id) => cache.timesOf(id),
    count: () => cache.timers,
    onEarlier: (listener) => cache.onEarlier(listener),
  };
}

async function epochOf(database: Database, schema: string): Promise<string> {
  await database.rows(`INSERT INTO ${schema}.facts VALUES ('push_epoch', $1) ON CONFLICT DO NOTHING`, [randomUUID()]);
  const [row] = await database.rows(`SELECT value FROM ${schema}.facts WHERE name = 'push_epoch'`);
  return String(row![0]);
}
