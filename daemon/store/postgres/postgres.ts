import { randomUUID } from 'node:crypto';
import type { Decision, Memory } from '../../core/flow/decision.ts';
import type { Event } from '../../core/event/event.ts';
import { usePgDump } from '../../core/problems/pg-dump.ts';
import { findEvent } from '../shared/context.ts';
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
  SharedRates,
  Store,
  StoreCopy,
  StoredEvent,
} from '../store.ts';
import { Database } from './engine/database.ts';
import { causeOf, isTransient } from './engine/errors.ts';
import { applyDecision, transact } from './events/ingest.ts';
import { LetterRows } from './letters.ts';
import type { PostgresOptions } from './options.ts';
import { Parts } from './parts.ts';
import { sharedRates } from './rates.ts';
import { quotedName, refuseOtherSchema, schemaState } from './schema/migrate.ts';

const START_RETRY_MS = 1000;

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
  readonly deliveries: Parts['deliveries'];
  readonly checkpoints: Parts['checkpoints'];
  readonly timers: Store['timers'];
  readonly pushes: Parts['pushes'];
  readonly membership: Parts['membership'];
  readonly cluster: Parts['cluster'];
  /** Dead letters, which are rows here and lines of a file on one machine. */
  readonly letters: LetterRows;
  readonly rates: SharedRates;
  readonly #parts: Parts;
  readonly #schemaName: string;
  #closing: Promise<void> | undefined;

  static async open(options: PostgresOptions): Promise<PostgresStore> {
    const schema = quotedName(options.schema);
    const database = new Database(options);
    let parts: Parts | undefined;
    try {
      refuseOtherSchema(await schemaState({ database, schema: options.schema }), options.schema);
      parts = new Parts(options, database, schema, await epochOf(database, schema));
      await parts.run.join();
    } catch (error) {
      await (parts === undefined ? database.close() : stop(parts));
      throw error;
    }
    parts.membership.start();
    parts.upkeep.start();
    parts.cluster.start();
    parts.feed.start();
    return new PostgresStore(parts, schema, options.schema);
  }

  private constructor(parts: Parts, schema: string, schemaName: string) {
    this.#parts = parts;
    this.letters = new LetterRows(parts.database, schema, () => parts.membership.owner);
    this.rates = sharedRates(parts.database, schema);
    this.#schemaName = schemaName;
    this.deliveries = parts.deliveries;
    this.checkpoints = parts.checkpoints;
    this.pushes = parts.pushes;
    this.membership = parts.membership;
    this.cluster = parts.cluster;
    this.timers = timersOf(parts.states.cache);
  }

  transact(batch: ArrivalBatch, decide: (event: Event, memory: Memory) => Decision): Promise<readonly Accepted[]> {
    return transact(this.#parts.context, batch, decide);
  }

  applyDecision<D extends Decision>(now: number, decide: (memory: Memory) => D): Promise<D> {
    return applyDecision(this.#parts.context, now, decide);
  }

  memory(now: number): Memory {
    return new StateOverlay(this.#parts.states.cache, now);
  }

  async event(id: string): Promise<StoredEvent | undefined> {
    const row = await findEvent(this.#parts.context, id);
    return row === undefined ? undefined : storedEventOf(row);
  }

  events(query: HistoryQuery): Promise<Page<StoredEvent>> {
    return this.#parts.history.events(query);
  }

  latestEvents(options: { since: number; limit: number }): Promise<LatestEvents> {
    return this.#parts.history.latestEvents(options);
  }

  activity(since: number): Promise<Activity> {
    return this.#parts.history.activity(since, this.deliveries.lastDelivered.times);
  }

  async trim(limits: { before: number; bytes: number }): Promise<number> {
    const { deleted, bytes } = await this.#parts.history.trim(limits);
    this.#parts.upkeep.bytes = bytes;
    return deleted;
  }

  audit(deadLetters: ReadonlySet<string>): Promise<Audit> {
    return this.#parts.history.audit(deadLetters);
  }

  copy(): Promise<StoreCopy> {
    return Promise.reject(usePgDump(this.#schemaName));
  }

  size(): number {
    return this.#parts.upkeep.bytes;
  }

  get refusing(): string | undefined {
    const { outage } = this.#parts.committer;
    return outage === undefined ? undefined : `PostgreSQL cannot be used now: ${outage}`;
  }

  async check(): Promise<void> {
    this.#parts.committer.check();
  }

  onFatal(listener: (error: Error) => void): void {
    this.#parts.onFatal.push(listener);
  }

  endWaits(): void {
    this.#parts.committer.endWaits();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.pushes.flush();
    await this.#parts.upkeep.close();
    await this.deliveries.lastDelivered.write(this.#parts.committer).catch(() => undefined);
    await this.#parts.committer.drained();
    await stop(this.#parts);
  }
}

/** Ends the run and releases everything. */
async function stop({ committer, run, cluster, feed, membership, listener, database }: Parts): Promise<void> {
  committer.close();
  run.close();
  cluster.close();
  await feed.close();
  await membership.leave();
  listener.notify();
  await listener.close();
  await database.close();
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
