import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { Decision, Memory } from '../../core/flow/decision.ts';
import type { Event } from '../../core/event/event.ts';
import type { BelfryError } from '../../core/problems/failure.ts';
import { StateCache, StateOverlay } from '../states.ts';
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
import { BLOCK_ROWS } from './blocks/build.ts';
import { Indexer } from './blocks/indexer.ts';
import { applyDecision } from './events/apply-decision.ts';
import { openCheckpoints } from '../shared/commit/checkpoints.ts';
import { Committer } from './engine/committer.ts';
import { type Row, Writes } from '../shared/writes.ts';
import { type Counters, FACT, NO_COUNTS } from '../shared/commit/counters.ts';
import { Copier } from './copy/copier.ts';
import type { SqliteContext } from './context.ts';
import { findEvent, ReadySignal } from '../shared/context.ts';
import { prepareDirectory, syncDirectory } from './disk/files.ts';
import { DiskReserve } from './disk/reserve.ts';
import { type EngineClient, openEngine } from './engine/client.ts';
import { fromColumn, Sequence } from '../shared/keys.ts';
import type { DiskCheck, Refusal, Reply, TaskName } from './engine/protocol.ts';
import { QueryClient } from './engine/query-client.ts';
import { pendingEntryOfRow, stateOfRow, storedEventOf } from '../shared/rows.ts';
import { isFinal, storeError } from './errors.ts';
import { Ingest } from './events/ingest.ts';
import { SeenIds } from './events/seen-ids.ts';
import { SqliteHistory } from './history/history.ts';
import { StoredDeliveries } from '../shared/pending/deliveries.ts';
import { DeliveryCache } from '../shared/pending/delivery-cache.ts';
import { PendingIndex } from '../shared/pending/pending-index.ts';
import { StoredPushes } from '../shared/pushes/pushes.ts';

export interface SqliteOptions {
  /** State directory, created when missing; or `:memory:` for a store that ends with the process. */
  readonly path: string;
  /** Bytes of disk space reserved for settling deliveries on a full disk. */
  readonly reserve?: number;
  /** Bytes of memory for deliveries that were just committed. */
  readonly deliveryCache?: number;
  /** Rows of a block of the history index. */
  readonly blockRows?: number;
}

const DEFAULT_RESERVE_BYTES = 8 * 1024 * 1024;
const DEFAULT_DELIVERY_CACHE_BYTES = 8 * 1024 * 1024;
/** Rows of one query while the pending index is loaded. */
const LOAD_ROWS = 5000;

/**
 * Opens the embedded store: a SQLite database in the state directory, locked for this process. Rejects with `store.locked`
 * (another process has it), `store.newer` (written by a later version; nothing was changed), `store.malformed`, `store.failed` or `store.full`.
 */
export async function openStore(options: SqliteOptions): Promise<Store> {
  const inMemory = options.path === ':memory:';
  const file = inMemory ? ':memory:' : await prepareDirectory(options.path);
  const engine = openEngine(file);
  try {
    const directory = inMemory ? undefined : dirname(file);
    const reserve = new DiskReserve(directory, options.reserve ?? DEFAULT_RESERVE_BYTES);
    const reply = await openDatabase(engine, reserve);
    const { bytes } = valueOf(reply.ok || reply.fault === 'malformed' ? reply : namedBy(file, reply)) as {
      readonly bytes: number;
    };
    if (directory !== undefined) syncDirectory(directory);
    await reserve.restore();
    const deliveryCache = new DeliveryCache(options.deliveryCache ?? DEFAULT_DELIVERY_CACHE_BYTES);
    return await load(engine, reserve, bytes, deliveryCache, options.blockRows ?? BLOCK_ROWS);
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Opens the database. On a full disk the reserve is released for it, because pending deliveries have to go on. */
async function openDatabase(engine: EngineClient, reserve: DiskReserve): Promise<Reply> {
  const open = (): Promise<Reply> => engine.ask({ kind: 'task', task: 'open', argument: null });
  const reply = await open();
  if (reply.ok || reply.fault !== 'full') return reply;
  reserve.release();
  return open();
}

async function load(
  engine: EngineClient,
  reserve: DiskReserve,
  bytes: number,
  deliveryCache: DeliveryCache,
  blockRows: number,
): Promise<Store> {
  // The committer needs counters that are read by queries, and the queries report failures to the committer.
  let committer: Committer | undefined;
  const queries = new QueryClient(engine, {
    check: () => committer?.check(),
    onFailed: (refusal) => committer?.fail(storeError(refusal)),
  });
  const facts = new Map((await queries.rows('facts')) as readonly [string, string][]);
  const states = new StateCache();
  const loadStates = async (): Promise<void> => states.load((await queries.rows('states')).map(stateOfRow));
  const counters = JSON.parse(facts.get(FACT.counters) ?? JSON.stringify(NO_COUNTS)) as Counters;
  committer = new Committer(engine, { counters, bytes, reserve }, loadStates);
  const [last] = (await queries.rows('lastSeqs')) as readonly (readonly (number | null)[])[];
  const names = (await queries.rows('pendingNames')) as readonly [string, number][];
  const eventSeqs = new Sequence(last?.[0] ?? 0);
  const context: SqliteContext = {
    committer,
    queries,
    states,
    pending: new PendingIndex(),
    seqById: new Map(names.map(([id, seq]) => [fromColumn(id), seq])),
    deliveryCache,
    seenIds: new SeenIds(eventSeqs),
    ready: new ReadySignal(),
    eventSeqs,
    deliverySeqs: new Sequence(last?.[1] ?? 0),
  };
  await loadStates();
  await loadPending(context);
  const epoch = facts.get(FACT.epoch) ?? (await newEpoch(committer));
  const pushes = new StoredPushes(context, epoch, last?.[2] ?? 0);
  const store = new SqliteStore(engine, context, pushes, reserve, blockRows);
  await settleAcknowledged(store, queries);
  // Loaded in the background. A disk that fails is reported by every other call.
  void context.seenIds.load(queries).catch(() => undefined);
  return store;
}

async function loadPending({ queries, pending }: SqliteContext): Promise<void> {
  let after = 0;
  for (let rows: readonly Row[] = []; ; after = Number(rows.at(-1)![0])) {
    rows = await queries.rows('pending', after, LOAD_ROWS);
    for (const row of rows) pending.add(pendingEntryOfRow(row));
    if (rows.length < LOAD_ROWS) return;
  }
}

/** Settles deliveries whose push was acknowledged before the process ended. */
async function settleAcknowledged(store: Store, queries: QueryClient): Promise<void> {
  const rows = await queries.rows('acknowledged');
  const receipt = { answer: 'acknowledged' };
  await Promise.all(rows.map(([id]) => store.deliveries.settle(String(id), { state: 'delivered', receipt })));
}

async function newEpoch(committer: Committer): Promise<string> {
  const epoch = randomUUID();
  await committer.submit({ writes: new Writes().add('fact', FACT.epoch, epoch), decided: false });
  return epoch;
}

class SqliteStore implements Store {
  readonly deliveries: StoredDeliveries;
  readonly checkpoints: Store['checkpoints'];
  readonly timers: Store['timers'];
  readonly pushes: StoredPushes;
  readonly #engine: EngineClient;
  readonly #context: SqliteContext;
  readonly #ingest: Ingest;
  readonly #history: SqliteHistory;
  readonly #indexer: Indexer;
  readonly #copier: Copier;
  readonly #reserve: DiskReserve;
  #closing: Promise<void> | undefined;

  constructor(
    engine: EngineClient,
    context: SqliteContext,
    pushes: StoredPushes,
    reserve: DiskReserve,
    blockRows: number,
  ) {
    this.#engine = engine;
    this.#context = context;
    this.#reserve = reserve;
    this.#copier = new Copier(engine);
    this.#history = new SqliteHistory(context, (task, argument) => this.#task(task, argument));
    this.deliveries = new StoredDeliveries(context, (step) => this.#history.search(step));
    this.#indexer = new Indexer({
      committer: context.committer,
      task: (task, argument) => this.#task(task, argument),
      rows: blockRows,
      onDeliveries: () => void this.deliveries.lastDelivered.write(context.committer).catch(() => undefined),
    });
    this.#ingest = new Ingest(context, (ids) => this.deliveries.cancel(ids));
    this.checkpoints = openCheckpoints(context);
    const { states } = context;
    this.timers = {
      next: () => states.nextWake,
      due: (now, limit) => states.due(now, limit),
      timesOf: (id) => states.timesOf(id),
      count: () => states.timers,
      onEarlier: (listener) => states.onEarlier(listener),
    };
    this.pushes = pushes;
  }

  transact(batch: ArrivalBatch, decide: (event: Event, memory: Memory) => Decision): Promise<readonly Accepted[]> {
    return this.#ingest.transact(batch, decide);
  }

  async applyDecision<D extends Decision>(now: number, decide: (memory: Memory) => D): Promise<D> {
    const decision = await applyDecision(this.#context, now, decide);
    if (decision.cancels !== undefined) await this.deliveries.cancel(decision.cancels);
    return decision;
  }

  memory(now: number): Memory {
    return new StateOverlay(this.#context.states, now);
  }

  async event(id: string): Promise<StoredEvent | undefined> {
    const row = await findEvent(this.#context, id);
    return row === undefined ? undefined : storedEventOf(row);
  }

  latestEvents(options: { since: number; limit: number }): Promise<LatestEvents> {
    return this.#history.latestEvents(options);
  }

  activity(since: number): Promise<Activity> {
    return this.#history.activity(since, this.deliveries.lastDelivered.times);
  }

  events(query: HistoryQuery): Promise<Page<StoredEvent>> {
    return this.#history.events(query);
  }

  trim(limits: { before: number; bytes: number }): Promise<number> {
    return this.#history.trim(limits);
  }

  async audit(deadLetters: ReadonlySet<string>): Promise<Audit> {
    return (await this.#task('audit', [...deadLetters])) as Audit;
  }

  async #task(task: TaskName, argument: unknown): Promise<unknown> {
    const { committer } = this.#context;
    committer.check();
    const reply = await this.#engine.ask({ kind: 'task', task, argument });
    return valueOf(reply, (error) => committer.fail(error));
  }

  async copy(): Promise<StoreCopy> {
    await this.pushes.flush();
    this.#context.committer.check();
    return this.#copier.copy();
  }

  size(): number {
    return this.#context.committer.bytes;
  }

  get refusing(): string | undefined {
    return this.#context.committer.refusing;
  }

  async check(): Promise<void> {
    const { hasSpace } = (await this.#task('check', null)) as DiskCheck;
    await this.#context.committer.noteSpace(hasSpace);
  }

  onFatal(listener: (error: Error) => void): void {
    this.#context.committer.onFatal(listener);
  }

  endWaits(): void {
    // A file is always there.
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.pushes.flush();
    await this.#indexer.stop();
    await this.deliveries.lastDelivered.write(this.#context.committer).catch(() => undefined);
    await this.#context.committer.drained();
    this.#context.committer.close();
    await this.#reserve.idle();
    await this.#engine.close();
    await this.#copier.close();
  }
}

/** The refusal with the file before its message. */
const namedBy = (file: string, refusal: Refusal): Refusal => ({ ...refusal, message: `${file}: ${refusal.message}` });

/** Value of a reply, or the error for its fault. */
function valueOf(reply: Reply, onFinal: (error: BelfryError) => void = () => undefined): unknown {
  if (reply.ok) return reply.value;
  const error = storeError(reply);
  if (isFinal(reply.fault)) onFinal(error);
  throw error;
}
