import { randomUUID } from 'node:crypto';
import { dirname } from 'node:path';
import type { Decision, Memory } from '../../core/flow/decision.ts';
import type { Event } from '../../core/event/event.ts';
import { BelfryError, EXIT } from '../../core/problems/failure.ts';
import { Arrivals } from './events/ingest.ts';
import { RecentBodies } from './pending/delivery-cache.ts';
import { applyDecision } from './commit/apply-decision.ts';
import { Committer, Writes } from './commit/commit.ts';
import { type Counters, FACT, NO_COUNTS } from './commit/counters.ts';
import { SqliteDeliveries } from './pending/deliveries.ts';
import { prepareDirectory, syncDirectory } from './disk/directory.ts';
import { type EnginePort, openEngine } from './engine/client.ts';
import type { TrimResult, TrimStep } from './history/trim.ts';
import { Sequence } from './engine/keys.ts';
import { KnownNames } from './events/seen-ids.ts';
import { Bell, findEvent, type Ledger } from './context.ts';
import { openCheckpoints } from './commit/checkpoints.ts';
import { Owed } from './pending/pending-index.ts';
import type { DiskCheck, EngineFault, Reply, Row, TaskName } from './engine/protocol.ts';
import { SqlitePushes } from './pushes/pushes.ts';
import { Reader } from './engine/query-client.ts';
import { latestEvents } from './history/latest-events.ts';
import { Reserve } from './disk/reserve.ts';
import { pageOf } from './history/pages.ts';
import { eventOfRow, owedOfRow } from './engine/rows.ts';
import type { SearchResult, SearchStep } from './history/search.ts';
import { StateCache, StateOverlay } from '../states.ts';
import type { Accepted, ArrivalBatch, Audit, LatestEvents, HistoryQuery, Page, Store, StoredEvent } from '../store.ts';
import { fromColumn } from './engine/text.ts';

export interface SqliteOptions {
  /** The state directory, made when it is missing; or `:memory:` for a store that ends with the process. */
  readonly path: string;
  /** Bytes of disk set aside for settling what is on its way when the disk is full. */
  readonly reserve?: number;
  /** Bytes of memory for deliveries that were just committed and are claimed next. */
  readonly recent?: number;
}

const RESERVE = 8 * 1024 * 1024;
const RECENT = 8 * 1024 * 1024;
/** Rows read at a time at start, and events looked at in one step of forgetting. */
const CHUNK = 5000;
const TRIM_CHUNK = 200;

/**
 * The embedded store: SQLite in the state directory, for this process alone. Rejects with `store.locked` (another process has
 * it), `store.newer` (written by a later version; nothing was touched), `store.failed` or `store.full`.
 */
export async function openStore(options: SqliteOptions): Promise<Store> {
  const inMemory = options.path === ':memory:';
  const file = inMemory ? ':memory:' : await prepareDirectory(options.path);
  const port = openEngine(file);
  try {
    const directory = inMemory ? undefined : dirname(file);
    const reserve = new Reserve(directory, options.reserve ?? RESERVE);
    const reply = await opened(port, reserve);
    // The message has to name the file, which nothing has mentioned yet.
    const placed = reply.ok ? reply : { ...reply, message: `${file}: ${reply.message}` };
    const { bytes } = answerOf(placed) as { readonly bytes: number };
    if (directory !== undefined) syncDirectory(directory);
    await reserve.restore();
    return await load(port, reserve, bytes, options.recent ?? RECENT);
  } catch (error) {
    await port.close();
    throw error;
  }
}

/** Opens the database; on a full disk in the room of the reserve, since what is owed shall go on also then. */
async function opened(port: EnginePort, reserve: Reserve): Promise<Reply> {
  const open = (): Promise<Reply> => port.ask({ kind: 'task', task: 'open', argument: null });
  const reply = await open();
  if (reply.ok || reply.fault !== 'full') return reply;
  reserve.release();
  return open();
}

async function load(port: EnginePort, reserve: Reserve, bytes: number, recent: number): Promise<Store> {
  let fail: (message: string) => void = () => undefined;
  let check: () => void = () => undefined;
  const reader = new Reader(port, { check: () => check(), fail: (message) => fail(message) });
  const facts = new Map((await reader.rows('facts')) as readonly [string, string][]);
  const states = new StateCache();
  const loadStates = async (): Promise<void> => states.load(await reader.rows('states'));
  const counters = JSON.parse(facts.get(FACT.counters) ?? JSON.stringify(NO_COUNTS)) as Counters;
  const committer = new Committer(port, { counters, bytes, reserve }, loadStates);
  fail = (message) => committer.fail(message);
  check = () => committer.check();
  const [last] = (await reader.rows('lastSeqs')) as readonly (readonly (number | null)[])[];
  const names = (await reader.rows('owedNames')) as readonly [string, number][];
  const eventSeqs = new Sequence(last?.[0] ?? 0);
  const ledger: Ledger = {
    committer,
    reader,
    known: new KnownNames(eventSeqs),
    states,
    owed: new Owed(),
    names: new Map(names.map(([id, seq]) => [fromColumn(id), seq])),
    recent: new RecentBodies(recent),
    bell: new Bell(),
    eventSeqs,
    deliverySeqs: new Sequence(last?.[1] ?? 0),
  };
  await loadStates();
  await loadOwed(ledger);
  const epoch = facts.get(FACT.epoch) ?? (await newEpoch(committer));
  const pushes = new SqlitePushes(ledger, epoch, last?.[2] ?? 0);
  const store = new SqliteStore(port, ledger, pushes, reserve);
  await settleAcknowledged(store, reader);
  // A disk that does not answer says so to everybody who asks it.
  void ledger.known.learn(reader).catch(() => undefined);
  return store;
}

async function loadOwed({ reader, owed }: Ledger): Promise<void> {
  let after = 0;
  for (let rows: readonly Row[] = []; ; after = Number(rows.at(-1)![0])) {
    rows = await reader.rows('owed', after, CHUNK);
    for (const row of rows) owed.add(owedOfRow(row));
    if (rows.length < CHUNK) return;
  }
}

/** A push was acknowledged, and the process ended before its delivery was settled. */
async function settleAcknowledged(store: Store, reader: Reader): Promise<void> {
  const rows = await reader.rows('acknowledged');
  const receipt = { answer: 'acknowledged' };
  await Promise.all(rows.map(([id]) => store.deliveries.settle(String(id), { state: 'delivered', receipt })));
}

async function newEpoch(committer: Committer): Promise<string> {
  const epoch = randomUUID();
  await committer.submit({ writes: new Writes().add('fact', FACT.epoch, epoch), decided: false });
  return epoch;
}

class SqliteStore implements Store {
  readonly deliveries: SqliteDeliveries;
  readonly checkpoints: Store['checkpoints'];
  readonly timers: Store['timers'];
  readonly pushes: SqlitePushes;
  readonly #port: EnginePort;
  readonly #ledger: Ledger;
  readonly #arrivals: Arrivals;
  readonly #reserve: Reserve;
  #closing: Promise<void> | undefined;

  constructor(port: EnginePort, ledger: Ledger, pushes: SqlitePushes, reserve: Reserve) {
    this.#port = port;
    this.#ledger = ledger;
    this.#reserve = reserve;
    this.deliveries = new SqliteDeliveries(ledger, (step) => this.#search(step));
    this.#arrivals = new Arrivals(ledger, (ids) => this.deliveries.cancel(ids));
    this.checkpoints = openCheckpoints(ledger);
    const { states } = ledger;
    this.timers = {
      next: () => states.nextWake,
      due: (now, limit) => states.due(now, limit),
      timesOf: (place) => states.timesOf(place),
      count: () => states.timers,
      onEarlier: (listener) => states.onEarlier(listener),
    };
    this.pushes = pushes;
  }

  transact(batch: ArrivalBatch, decide: (event: Event, memory: Memory) => Decision): Promise<readonly Accepted[]> {
    return this.#arrivals.transact(batch, decide);
  }

  async applyDecision<D extends Decision>(now: number, decide: (memory: Memory) => D): Promise<D> {
    const decision = await applyDecision(this.#ledger, now, decide);
    if (decision.cancels !== undefined) await this.deliveries.cancel(decision.cancels);
    return decision;
  }

  memory(now: number): Memory {
    return new StateOverlay(this.#ledger.states, now);
  }

  async event(id: string): Promise<StoredEvent | undefined> {
    const row = await findEvent(this.#ledger, id);
    if (row === undefined) return undefined;
    const { event, receivedAt, outcomes, results, later } = row;
    return { event, receivedAt, outcomes, results, later };
  }

  latestEvents(options: { since: number; limit: number }): Promise<LatestEvents> {
    return latestEvents(this.#ledger.reader, options);
  }

  events(query: HistoryQuery): Promise<Page<StoredEvent>> {
    return pageOf(
      'events',
      query,
      (step) => this.#search(step),
      (row) => {
        const { event, receivedAt, outcomes, results, later } = eventOfRow(row);
        return { event, receivedAt, outcomes, results, later };
      },
    );
  }

  async #search(step: SearchStep): Promise<SearchResult> {
    return (await this.#task('search', step)) as SearchResult;
  }

  async trim(limits: { before: number; bytes: number }): Promise<number> {
    let forgotten = 0;
    for (let after: number | undefined = 0; after !== undefined; ) {
      const step: TrimStep = { after, ...limits, limit: TRIM_CHUNK };
      const result = (await this.#task('trim', step)) as TrimResult;
      this.#ledger.committer.bytes = result.bytes;
      forgotten += result.forgotten;
      after = result.next;
    }
    return forgotten;
  }

  async audit(deadLetters: ReadonlySet<string>): Promise<Audit> {
    return (await this.#task('audit', [...deadLetters])) as Audit;
  }

  async #task(task: TaskName, argument: unknown): Promise<unknown> {
    const { committer } = this.#ledger;
    committer.check();
    const reply = await this.#port.ask({ kind: 'task', task, argument });
    return answerOf(reply, (message) => committer.fail(message));
  }

  size(): number {
    return this.#ledger.committer.bytes;
  }

  get refusing(): string | undefined {
    return this.#ledger.committer.refusing;
  }

  async check(): Promise<void> {
    const { hasRoom } = (await this.#task('check', null)) as DiskCheck;
    await this.#ledger.committer.noteRoom(hasRoom);
  }

  onFatal(listener: (error: Error) => void): void {
    this.#ledger.committer.onFatal(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.pushes.flush();
    await this.#ledger.committer.drained();
    this.#ledger.committer.fail('closed', true);
    await this.#reserve.settled();
    await this.#port.close();
  }
}

const REFUSALS: Readonly<Record<EngineFault, { readonly text: string; readonly exit: number }>> = {
  locked: {
    text: 'another process has this state directory; stop it, or set `daemon.state` to another one',
    exit: EXIT.locked,
  },
  newer: { text: 'the state was written by a newer version; nothing was changed', exit: EXIT.config },
  failed: { text: 'the disk failed', exit: EXIT.disk },
  full: { text: 'the disk is full; nothing was changed', exit: EXIT.failed },
  broken: { text: 'the store met a bug', exit: EXIT.failed },
};

function answerOf(reply: Reply, failed: (message: string) => void = () => undefined): unknown {
  if (reply.ok) return reply.value;
  if (reply.fault === 'failed') failed(reply.message);
  const { text, exit } = REFUSALS[reply.fault];
  throw new BelfryError(`store.${reply.fault}`, `${text} (${reply.message})`, { exit });
}
