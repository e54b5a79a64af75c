import type { DeliveryState } from '../../core/delivery/delivery.ts';
import type { Clock } from '../../lib/time/clock.ts';
import type { DeliveryStore, StoredDelivery } from '../../store/store.ts';

const END_STATES: ReadonlySet<DeliveryState> = new Set(['delivered', 'dead', 'cancelled']);

/** Lets the sender of events wait until their deliveries have ended (`?wait=`). */
export class DeliveryWaiter {
  readonly #store: DeliveryStore;
  readonly #clock: Clock;
  /** Wake functions of the waits, by event id. */
  readonly #waits = new Map<string, Set<() => void>>();

  constructor(store: DeliveryStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Called when a delivery of this event has changed its state. */
  deliveryChanged(eventId: string): void {
    for (const wake of this.#waits.get(eventId) ?? []) wake();
  }

  /** Resolves to the deliveries of these events when all have ended, `ms` have passed or `signal` aborts. */
  async waitFor(eventIds: readonly string[], ms: number, signal: AbortSignal): Promise<readonly StoredDelivery[]> {
    const deadline = this.#clock.monotonic() + ms;
    for (;;) {
      // Listens before it reads the store, so that a change in between is not missed.
      const change = this.#nextChange(eventIds, signal);
      try {
        const found = (await Promise.all(eventIds.map((id) => this.#store.ofEvent(id)))).flat();
        const left = deadline - this.#clock.monotonic();
        if (left <= 0 || signal.aborted || found.every(({ state }) => END_STATES.has(state))) return found;
        await change.within(left);
      } finally {
        change.close();
      }
    }
  }

  /** `within` resolves at the next change of a delivery, when `ms` have passed or when `signal` aborts. */
  #nextChange(eventIds: readonly string[], signal: AbortSignal): { within(ms: number): Promise<void>; close(): void } {
    let wake!: () => void;
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    let cancel = (): void => {};
    for (const id of eventIds) this.#waits.set(id, (this.#waits.get(id) ?? new Set()).add(wake));
    signal.addEventListener('abort', wake, { once: true });
    return {
      within: (ms) => {
        cancel = this.#clock.after(ms, wake);
        return woken;
      },
      close: () => {
        cancel();
        signal.removeEventListener('abort', wake);
        for (const id of eventIds) {
          const waits = this.#waits.get(id);
          waits?.delete(wake);
          if (waits?.size === 0) this.#waits.delete(id);
        }
      },
    };
  }
}
