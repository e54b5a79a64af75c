import type { Connection } from '../engine/connection.ts';
import { indexedUntil, indexNext, type IndexResult, type IndexStep } from './build.ts';
import { deleteBlocksFrom } from './delete.ts';

/** The index of the history as the engine keeps it. */
export class HistoryIndex {
  readonly #db: Connection;
  /** Last delivery in a block; undefined until it is looked up. */
  #deliveries: number | undefined;

  constructor(db: Connection) {
    this.#db = db;
  }

  build(step: IndexStep): IndexResult {
    this.#deliveries = undefined;
    return indexNext(this.#db, step);
  }

  /** Called for each new delivery. One that comes after later ones, because its first commit failed, belongs into a block. */
  added(delivery: number): void {
    this.#deliveries ??= indexedUntil(this.#db, 'deliveries');
    if (delivery > this.#deliveries) return;
    deleteBlocksFrom(this.#db, delivery);
    this.#deliveries = undefined;
  }

  rolledBack(): void {
    this.#deliveries = undefined;
  }
}
