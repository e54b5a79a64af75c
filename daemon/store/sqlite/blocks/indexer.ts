import type { Committer } from '../engine/committer.ts';
import type { TaskName } from '../engine/protocol.ts';
import type { HistoryTable } from '../../shared/history/search-step.ts';
import type { IndexResult, IndexStep } from './build.ts';

export interface IndexerDeps {
  readonly committer: Committer;
  readonly task: (task: TaskName, argument: unknown) => Promise<unknown>;
  /** Rows of a block. */
  readonly rows: number;
  /** Called when a block of deliveries was built. */
  readonly onDeliveries: () => void;
}

/** Rows of a table as of the last answer of the engine. */
interface Progress {
  /** Rows ever committed. */
  committed: number;
  /** Rows of these that are in no block; infinite until the first answer. */
  left: number;
}

/**
 * Builds the index of the history in the background, one block at a time, so that commits need not wait. A commit only appends
 * rows; once there are enough for a block, the engine reads them again.
 */
export class Indexer {
  readonly #deps: IndexerDeps;
  readonly #progress: Readonly<Record<HistoryTable, Progress>> = {
    events: { committed: 0, left: Number.POSITIVE_INFINITY },
    deliveries: { committed: 0, left: Number.POSITIVE_INFINITY },
  };
  #running: Promise<void> | undefined;
  #isStopped = false;

  constructor(deps: IndexerDeps) {
    this.#deps = deps;
    deps.committer.onCommitted(() => this.check());
    this.check();
  }

  /** Builds blocks if there are enough rows. */
  check(): void {
    if (this.#running !== undefined || this.#isStopped || !(this.#isDue('events') || this.#isDue('deliveries'))) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
    });
  }

  /** Resolves when nothing is built any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  #isDue(table: HistoryTable): boolean {
    const { committed, left } = this.#progress[table];
    return this.#committed(table) - committed + left >= this.#deps.rows;
  }

  #committed(table: HistoryTable): number {
    const { events, owed } = this.#deps.committer.counters;
    if (table === 'deliveries') return owed;
    let count = 0;
    for (const outcome in events) count += events[outcome]!;
    return count;
  }

  async #run(): Promise<void> {
    for (const table of ['events', 'deliveries'] as const)
      while (this.#isDue(table) && !this.#isStopped) await this.#build(table);
  }

  async #build(table: HistoryTable): Promise<void> {
    const progress = this.#progress[table];
    const committed = this.#committed(table);
    const step: IndexStep = { table, rows: this.#deps.rows };
    try {
      const { rows, left } = (await this.#deps.task('index', step)) as IndexResult;
      progress.left = rows > 0 ? Number.POSITIVE_INFINITY : left;
      if (rows > 0 && table === 'deliveries') this.#deps.onDeliveries();
    } catch {
      // The disk is full, or the store reports the fault by itself. Until it is tried again, these rows are read by each search.
      progress.left = 0;
    }
    progress.committed = committed;
  }
}
