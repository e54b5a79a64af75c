import type { Attempt, Receipt } from '../../core/delivery/delivery.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { Store, StoredDelivery } from '../../store/store.ts';
import { persist } from '../retry-disk-full.ts';

const SCOPE = 'resent';

/**
 * Which letters were answered and may still stand in the file. The store knows it of its own deliveries; a letter that came
 * from somewhere else (a copied file, a lost state directory) is marked until the next start finds it gone.
 */
export class Answered {
  readonly #store: Store;
  readonly #clock: Clock;
  #marked: Promise<Set<string>> | undefined;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Durable when it resolves; waits for room on the disk until `signal` aborts. */
  async delivered(id: string, known: boolean, attempt: Attempt, receipt: Receipt, signal: AbortSignal): Promise<void> {
    await persist(this.#clock, signal, () =>
      known ? this.#store.deliveries.resolveDead(id, { state: 'delivered', attempt, receipt }) : this.#mark(id),
    );
  }

  async requeued(id: string, known: boolean, signal: AbortSignal): Promise<void> {
    await persist(this.#clock, signal, () =>
      known ? this.#store.deliveries.resolveDead(id, { state: 'cancelled' }) : this.#mark(id),
    );
  }

  /** What the store has of a letter's delivery, and whether the letter has nothing left to do. */
  async look(id: string): Promise<{ readonly stored: StoredDelivery | undefined; readonly over: boolean }> {
    const stored = await this.#store.deliveries.find(id);
    if (stored !== undefined) return { stored, over: stored.state === 'delivered' || stored.state === 'cancelled' };
    return { stored, over: (await this.#marks()).has(id) };
  }

  /** Every letter that is over has left the file. */
  async forget(): Promise<void> {
    const marked = await this.#marks();
    await this.#store.checkpoints.write(
      SCOPE,
      [...marked].map((key) => ({ key, value: null })),
    );
    marked.clear();
  }

  async #mark(id: string): Promise<void> {
    await this.#store.checkpoints.write(SCOPE, [{ key: id, value: '1' }]);
    (await this.#marks()).add(id);
  }

  #marks(): Promise<Set<string>> {
    this.#marked ??= this.#store.checkpoints.read(SCOPE).then((marks) => new Set(marks.keys()));
    return this.#marked;
  }
}
