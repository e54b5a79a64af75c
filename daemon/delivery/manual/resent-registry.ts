import type { Receipt } from '../../core/delivery/delivery.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { AttemptMade, Store, StoredDelivery } from '../../store/store.ts';
import { retryWhileDiskFull } from '../retry-disk-full.ts';

const SCOPE = 'resent';

/**
 * Registry of dead letters that were resent or decided anew and may still be in the file. For a delivery in the store this is its
 * state. Other dead letters (of a copied file, or of a lost state directory) get a checkpoint, until the next start has removed
 * them from the file.
 */
export class ResentRegistry {
  readonly #store: Store;
  readonly #clock: Clock;
  #marked: Promise<Set<string>> | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Durable when it resolves. `isStored`: the store has the delivery; `channel` has delivered it. Retries while the disk is full, until `signal` aborts. */
  async recordDelivered(
    id: string,
    isStored: boolean,
    { channel, attempt, exchange, receipt }: AttemptMade & { readonly channel: string; readonly receipt: Receipt },
    signal: AbortSignal,
  ): Promise<void> {
    const end = { state: 'delivered' as const, channel, attempt, receipt, ...(exchange !== undefined && { exchange }) };
    await retryWhileDiskFull(this.#clock, signal, () =>
      isStored ? this.#store.deliveries.resolveDead(id, end) : this.#mark(id),
    );
  }

  /** Like `recordDelivered`, for a dead letter whose event was decided anew. */
  async recordRequeued(id: string, isStored: boolean, signal: AbortSignal): Promise<void> {
    await retryWhileDiskFull(this.#clock, signal, () =>
      isStored ? this.#store.deliveries.resolveDead(id, { state: 'cancelled' }) : this.#mark(id),
    );
  }

  /** Looks up the stored delivery of a dead letter, and whether the dead letter is done: resent, decided anew or dropped. */
  async lookUp(id: string): Promise<{ readonly stored: StoredDelivery | undefined; readonly isDone: boolean }> {
    const stored = await this.#store.deliveries.find(id);
    if (stored !== undefined) return { stored, isDone: stored.state === 'delivered' || stored.state === 'cancelled' };
    return { stored, isDone: (await this.#markedIds()).has(id) };
  }

  /** Deletes all checkpoints. To be called when every dead letter that is done has left the file. */
  async clear(): Promise<void> {
    const marked = await this.#markedIds();
    await this.#store.checkpoints.write(
      SCOPE,
      [...marked].map((key) => ({ key, value: null })),
    );
    marked.clear();
  }

  async #mark(id: string): Promise<void> {
    await this.#store.checkpoints.write(SCOPE, [{ key: id, value: '1' }]);
    (await this.#markedIds()).add(id);
  }

  #markedIds(): Promise<Set<string>> {
    this.#marked ??= this.#store.checkpoints.read(SCOPE).then((checkpoints) => new Set(checkpoints.keys()));
    return this.#marked;
  }
}
